"""Runs told as events, as a real worker would have written them: what screenshots and tests of the window show."""

import math
import random
from pathlib import Path

from phitune_gui.core import events as e
from phitune_gui.core.adapter import AdapterVerdict
from phitune_gui.core.invitation import Invitation, write_invitations
from phitune_gui.core.parity import Bar, ParityReport
from phitune_gui.core.recipe import Recipe, TechniqueSection
from phitune_gui.core.run import Run, apply_all
from phitune_gui.store.runs import RunRecord

TOTAL = 225


def losses(count: int, seed: int = 7) -> list[float]:
    """A loss that falls as losses do."""
    dice = random.Random(seed)
    return [0.85 + 1.45 * math.exp(-index / 55) + dice.gauss(0, 0.09) for index in range(count)]


def step(number: int, loss: float, seconds: float = 10.7) -> e.StepLogged:
    """One logged step."""
    rate = 2e-4 * (number / 3 if number < 3 else 0.5 + 0.5 * math.cos(math.pi * number / TOTAL))
    return e.StepLogged(
        step=number, epoch=number / 75, loss=loss, learning_rate=rate, grad_norm=0.4 + 0.3 * abs(math.sin(number)) / (1 + number / 50),
        tokens=3300 + 40 * (number % 5), learned_tokens=1400, seconds=seconds,
    )  # fmt: skip


def began(total: int = TOTAL) -> list[e.Event]:
    """From the first sign of life to the denominators."""
    return [
        e.AttemptBegan(attempt=1, from_step=0, pid=4711, at=1_795_500_000),
        e.StageBegan(stage="loading"),
        e.TrainingBegan(
            total_steps=total, trainable_parameters=25_165_824, total_parameters=3_846_245_376, train_rows=1200, validation_rows=120,
            matched_modules=128, dtype="bfloat16", device="cpu",
        ),
        e.StageBegan(stage="training"),
        e.Evaluated(step=0, loss=2.31, rows=120, tokens=9000),
    ]  # fmt: skip


def trained(until: int, total: int = TOTAL, seed: int = 7) -> list[e.Event]:
    """Steps with a validation and a checkpoint every thirty."""
    told: list[e.Event] = []
    for number, loss in enumerate(losses(until, seed), start=1):
        told.append(step(number, loss))
        if number % 30 == 0:
            told.append(e.Evaluated(step=number, loss=1.12 + 1.2 * math.exp(-number / 42), rows=120, tokens=9000))
            told.append(e.CheckpointSaved(step=number, path=f"checkpoints/step-{number:06d}"))
        if number % 20 == 0:
            told.append(e.MemoryMeasured(used_bytes=3_700_000_000 + number * 1_000_000, peak_bytes=3_900_000_000))
    return told


def starting_run() -> Run:
    """A worker that has just begun to load."""
    return apply_all(Run(), began()[:2])


def waiting_run() -> Run:
    """A run that waits for two other machines."""
    command = "phitune join 192.168.1.5:29500 --machine {} --key 4c0b8f1d6e2a97350fb1c4d28e6a9f03"
    invitations = write_invitations([Invitation(machine, command.format(machine)) for machine in (2, 3)])
    return apply_all(Run(), [e.AttemptBegan(attempt=1, from_step=0, pid=4711), e.StageBegan(stage="waiting", detail=invitations)])


def running_run(until: int = 158) -> Run:
    """A run in the middle."""
    return apply_all(Run(), began() + trained(until))


def stopping_run() -> Run:
    """A run that was asked to stop."""
    return apply_all(running_run(), [e.Acknowledged(id="1", request="stop")])


def finished_run(seed: int = 7) -> Run:
    """A run that reached its end."""
    ending = e.JobFinished(artifacts={"adapter": "adapter"}, at=1_795_502_500)
    return apply_all(Run(), [*began(), *trained(TOTAL, seed=seed), ending])


def stopped_run() -> Run:
    """A run that was stopped and kept what it had."""
    return apply_all(running_run(120), [e.JobFinished(stopped_early=True, artifacts={"adapter": "adapter"}, at=1_795_501_500)])


def failed_run() -> Run:
    """A run that ran out of memory."""
    failure = e.JobFailed(
        kind="out_of_memory", message="The machine ran out of memory at step 97.",
        hint="The state of step 90 is kept. Halve Rows at a time, or choose QLoRA, and resume.",
        traceback='Traceback (most recent call last):\n  File "train.py", line 96, in step\nMemoryError: 3.9 GB', at=1_795_501_200,
    )  # fmt: skip
    return apply_all(running_run(97), [failure])


def parity(verified: bool = True, target: str = "onnx-cpu-int8") -> ParityReport:
    """What a check says."""
    why = "The export names the same most likely token at 97.6 % of 1,842 positions; 95 % is asked for."
    if not verified:
        why = "The export names the same most likely token at only 71.2 % of 1,842 positions; 95 % is asked for."
    return ParityReport(
        target=target, precision="int8", verified=verified, why=why, bar=Bar(min_top1=0.95, max_loss_change=0.05), positions=1842, texts=16,
        top1=0.976 if verified else 0.712, kl=0.0052 if verified else 0.31, max_logit_difference=0.82 if verified else 6.4,
        reference_loss=1.163, export_loss=1.171 if verified else 1.62, loss_change=0.008 if verified else 0.457, bytes=267_000_000,
        load_seconds=0.61, first_token_seconds=0.09, tokens_per_second=98.4, tokenizer_agrees=True, tokenizer_drift=0.0012, stops=True,
        tried=("int4: the same most likely token at 78.3 % of positions, 90 % is asked for.",) if verified else (),
    )  # fmt: skip


def exporting_run(stage: e.Stage = "building", done: float = 96, total: float = 210) -> Run:
    """An export at work."""
    progress = e.Progressed(done=done, total=total, unit="layers")
    return apply_all(Run(), [e.AttemptBegan(attempt=1, from_step=0, pid=4712), e.StageBegan(stage=stage), progress])


def exported_run(verified: bool = True, checked: bool = True, path: str = "/runs/a/exports/onnx-cpu-int8") -> Run:
    """An export that ended, with its check when it had one."""
    made = e.Exported(target="onnx-cpu-int8", path=path, bytes=267_000_000)
    told: list[e.Event] = [e.AttemptBegan(attempt=1, from_step=0, pid=4712), made]
    if checked:
        told.append(e.Verified(path=path, report=parity(verified)))
    return apply_all(Run(), [*told, e.JobFinished()])


def judging_run() -> Run:
    """An import whose adapter is being judged."""
    return apply_all(Run(), [e.AttemptBegan(attempt=1, from_step=0, pid=4713), e.StageBegan(stage="verifying", detail="pirate-lora")])


def imported_run(usable: bool = True) -> Run:
    """An import that ended with its verdict."""
    path = "/home/me/Downloads/pirate-lora"
    if usable:
        note = "Its config names a quantised base model; it is used with this one, so answers may differ a little."
        verdict = AdapterVerdict(
            path=path, verdict="usable", technique=TechniqueSection.model_validate({"id": "lora", "rank": 16}), layers=128,
            parameters=25_165_824, trained_on="unsloth/phi-3-mini-4k-instruct-bnb-4bit", notes=(note,),
            run="/runs/2026-11-24-041200-pirate-lora",
        )  # fmt: skip
    else:
        verdict = AdapterVerdict(
            path=path, verdict="refused", reason="It changes q_proj, k_proj and v_proj, and Phi-3-mini-4k has no layers of these names.",
            how_to_fix="Train it again for this model: Phi-3 fuses these layers into qkv_proj.",
        )  # fmt: skip
    ended = e.JobFinished(artifacts={"adapter": "adapter"} if usable else {})
    return apply_all(judging_run(), [e.AdapterImported(adapter=verdict), ended])


def record(run: Run, name: str = "support-answers", technique: str = "lora", made_at: float = 1_795_500_000) -> RunRecord:
    """The run in a folder of its own."""
    recipe = Recipe.model_validate(
        {"name": name, "model": {"path": "/models/Phi-3-mini-4k-instruct"}, "technique": {"id": technique, "rank": 16}}
    )
    return RunRecord(Path(f"/runs/2026-11-24-041200-{name}"), run, recipe, made_at)
