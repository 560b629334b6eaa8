"""The whole main job in one command: starter model and shipped data in, a tuned model that answers on this CPU out."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from phitune_gui.cli.chat import Answer, Kind, Question, in_words, talking_to
from phitune_gui.cli.demo_report import WHO, Answers, DemoResult, Peaks, as_json_document, as_markdown, result_rows
from phitune_gui.cli.export import make_export, only_export, show_report
from phitune_gui.cli.follow import follow
from phitune_gui.cli.interrupts import counted_interrupts
from phitune_gui.cli.output import duration, say, say_unless, table, write_json
from phitune_gui.cli.recipes import show
from phitune_gui.cli.starter import ready_starter
from phitune_gui.cli.study import study
from phitune_gui.cli.train import refuse_blocked
from phitune_gui.core.messages import Message
from phitune_gui.core.names import EXIT_DONE, EXIT_FAILED
from phitune_gui.core.run import Export
from phitune_gui.files.atomic import write_text
from phitune_gui.jobs.command import own_command, worker_environment
from phitune_gui.jobs.launch import start_training
from phitune_gui.store.paths import require_writable
from phitune_gui.store.sample import sample_questions, sample_recipe

QUICK_STEPS = 24
"""Steps of --quick: half of the whole demo, and still a clearly lower loss."""
PROMPTS = 3
ANSWER_TOKENS = 110


def run_demo(out: Path, quick: bool, as_json: bool) -> int:
    """Do the whole job under `out`; exit code 0 only when the export was verified."""
    out = out.absolute()
    require_writable(out)
    began = time.monotonic()
    result = _main_job(out, quick, as_json, began)
    write_text(out / "report.json", json.dumps(as_json_document(result), ensure_ascii=False, indent=1) + "\n")
    write_text(out / "report.md", as_markdown(result))
    if as_json:
        write_json(as_json_document(result))
    else:
        _show(result)
    return EXIT_DONE if result.export.report and result.export.report.verified else EXIT_FAILED


def _main_job(out: Path, quick: bool, quiet: bool, began: float) -> DemoResult:
    _title("1 of 6  The starter model", quiet)
    starter = ready_starter(quiet=quiet)
    _title("2 of 6  The data and the plan", quiet)
    recipe = sample_recipe("demo", starter, QUICK_STEPS if quick else None)
    result = study(recipe, out)
    if not quiet:
        show(result)
    refuse_blocked(result.plan, result.model)
    assert result.model is not None
    _title("3 of 6  Training", quiet)
    with counted_interrupts():
        supervisor = start_training(recipe, result.plan, result.model, out)
        run = follow(supervisor, quiet)
    plot = _draw_loss(supervisor.folder, out / "loss.png")
    _title("4 of 6  Export to ONNX: the smallest precision that passes the check", quiet)
    exporting = make_export(supervisor.folder, "auto", None, quiet)
    export = only_export(exporting)
    if not quiet and export.report:
        show_report(export.report)
    _title("5 of 6  The same questions to base, tuned and ONNX", quiet)
    answers = _answers(starter, supervisor.folder, export, quiet)
    _title("6 of 6  Result", quiet)
    peaks = Peaks(run.peak_bytes, exporting.peak_bytes, _peak_of_children())
    return DemoResult(supervisor.folder, run, result.plan, export, answers, plot, time.monotonic() - began, peaks)


def _answers(starter: Path, run_folder: Path, export: Export, quiet: bool) -> tuple[Answers, ...]:
    lines = sample_questions().read_text("utf-8").splitlines()[:PROMPTS]
    rows = [json.loads(line) for line in lines]
    prompts = [row["question"] for row in rows]
    sources: list[tuple[str, Path, Kind]] = [
        ("base", starter, "model"), ("tuned", run_folder, "run"), ("onnx", Path(export.path), "export")
    ]  # fmt: skip
    given = {who: list(_ask_all(who, (source, kind), prompts, quiet)) for who, source, kind in sources}
    return tuple(_side_by_side(row, dict(zip(given, answers, strict=True))) for row, *answers in zip(rows, *given.values(), strict=True))


def _side_by_side(row: dict[str, str], given: dict[str, Answer]) -> Answers:
    cut = tuple(who for who, answer in given.items() if answer.finished.ended_by == "length")
    return Answers(row["question"], row["answer"], **{who: answer.text.strip() for who, answer in given.items()}, cut=cut)


def _ask_all(who: str, source: tuple[Path, Kind], prompts: list[str], quiet: bool) -> Iterator[Answer]:
    say_unless(quiet, f"  {who}: loading")
    with talking_to(*source) as talk:
        for number, prompt in enumerate(prompts, 1):
            question = Question(prompt, None, ANSWER_TOKENS, 0.0, 0)
            answer = talk.answer([Message(role="user", content=prompt)], question, lambda _text: None)
            say_unless(quiet, f"  {who}: answer {number} of {len(prompts)}, {in_words(answer.finished, ANSWER_TOKENS)}")
            yield answer


def _draw_loss(run_folder: Path, png: Path) -> bool:
    """Draw the loss with the window's own plot, in a process of its own; a machine without Qt's libraries goes without."""
    environment = {**worker_environment(), "QT_QPA_PLATFORM": "offscreen"}
    command = own_command("--render-loss", str(run_folder), str(png))
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        say(f"The loss plot could not be drawn ({last}). The README names the system packages that Qt needs.", "yellow")
    return done.returncode == 0


def _peak_of_children() -> int:
    """Largest resident memory of any process that this command started, in bytes; 0 where the system does not tell."""
    if os.name != "posix":
        return 0
    import resource as limits

    peak = limits.getrusage(limits.RUSAGE_CHILDREN).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _title(text: str, quiet: bool) -> None:
    say_unless(quiet, f"\n{text}", "bold")


def _show(result: DemoResult) -> None:
    for answers in result.answers:
        table(answers.prompt, ["who", "answer"], [[label, answers.shown(who)] for who, label in WHO.items()])
    table("", ["", ""], [*result_rows(result), ["Run", str(result.run_folder)], ["Export in", result.export.path]])
    say(f"Done in {duration(result.seconds)}. Read {result.run_folder.parent / 'report.md'}", "bold green")
