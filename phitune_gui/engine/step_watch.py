"""Looks on after every optimizer step: says what it was, follows requests, judges, saves, and stops a run that lost its numbers."""

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from phitune_gui.core.events import Acknowledged, CheckpointSaved, Evaluated, MemoryMeasured, Progressed, StageBegan, StepLogged
from phitune_gui.core.job import StopRequest
from phitune_gui.data.tokens import Encoded
from phitune_gui.engine.checkpoints import Note, checkpoint_path, prune, write_note
from phitune_gui.engine.evaluate import mean_loss
from phitune_gui.engine.failures import NotFinite
from phitune_gui.engine.machine_load import others_seconds
from phitune_gui.engine.memory_meter import MemoryMeter
from phitune_gui.engine.reporting import Reporter
from phitune_gui.engine.trainer import LearnedTokenTrainer
from phitune_gui.files.atomic import staged_folder
from phitune_gui.files.manifest import write_manifest

MEMORY_SECONDS = 2.0
PATIENCE = 3
"""Steps in a row whose loss may be no number."""


class StepWatch(TrainerCallback):
    """Hears of every step of `trainer`, which is set once it exists; `ended_by` is "stop" or "pause" when a request ended the run."""

    trainer: LearnedTokenTrainer

    def __init__(self, reporter: Reporter, validation: Sequence[Encoded], note: Note, rhythm: tuple[int, int], meter: MemoryMeter) -> None:
        self.ended_by: str | None = None
        self.last_saved: int | None = note.step or None
        self.last_loss = math.nan
        self.evaluations = dict(note.evaluations)
        self._reporter, self._validation, self._note = reporter, validation, note
        (self._save_steps, self._eval_steps), self._meter = rhythm, meter
        self._began = self._seconds = self._others_before = self._others = 0.0
        self._measured_at = -math.inf
        self._not_finite = 0

    def on_step_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_kwargs: Any) -> None:
        """Start the step's clock."""
        self.trainer.begin_step()
        self._others_before = others_seconds()
        self._began = time.perf_counter()

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_kwargs: Any) -> None:
        """Stop the clock before anything else is done."""
        self._seconds = time.perf_counter() - self._began
        self._others = max(0.0, others_seconds() - self._others_before)

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, logs: dict[str, Any] | None = None, **_kwargs: Any
    ) -> None:
        """The step is complete, optimizer and schedule included; the closing log of a whole training has no such step."""
        state.log_history.clear()
        if not logs or "loss" not in logs:
            return
        self._say_step(state, logs)
        self.measure_memory()
        save_asked = self._follow_requests()
        is_last = state.global_step >= state.max_steps
        if is_last:
            self.measure_memory(at_once=True)
        self._require_numbers(state.global_step, patience=1 if is_last or self.ended_by else PATIENCE)
        if is_last or (self._eval_steps and state.global_step % self._eval_steps == 0):
            self.judge(state.global_step)
        if not self._not_finite and (save_asked or self.ended_by or (self._save_steps and state.global_step % self._save_steps == 0)):
            self._save(state.global_step)
        control.should_training_stop = control.should_training_stop or self.ended_by is not None

    def judge(self, step: int) -> None:
        """Say the validation loss after `step` steps, if rows are held out."""
        if not self._validation:
            return
        self._reporter.emit(StageBegan(stage="evaluating", detail=f"{len(self._validation)} held-out rows"))
        shared = self.trainer.shared
        loss_of, together = None if shared is None else shared.loss, self.trainer.args.per_device_train_batch_size
        loss, tokens = mean_loss(self.trainer.model, self._validation, self._tick, loss_of, together)
        self.evaluations[step] = loss
        self._reporter.emit(Evaluated(step=step, loss=loss, rows=len(self._validation), tokens=tokens))
        self._reporter.emit(StageBegan(stage="training"))

    def measure_memory(self, at_once: bool = False) -> None:
        """Say how much memory is used, at most every two seconds unless `at_once`."""
        now = time.monotonic()
        if at_once or now - self._measured_at >= MEMORY_SECONDS:
            self._measured_at = now
            used, peak = self._meter.now_and_peak()
            self._reporter.emit(MemoryMeasured(used_bytes=used, peak_bytes=peak))

    def _tick(self, done: int, total: int) -> None:
        self._reporter.emit(Progressed(done=done, total=total, unit="rows"))
        self.measure_memory()

    def _say_step(self, state: TrainerState, logs: dict[str, Any]) -> None:
        trainer = self.trainer
        loss, tokens, learned = trainer.step_sums()
        self.last_loss = loss / max(1, learned)
        self._reporter.emit(
            StepLogged(
                step=state.global_step, epoch=state.epoch or 0.0, loss=self.last_loss, learning_rate=logs["learning_rate"],
                grad_norm=float(logs.get("grad_norm", math.nan)), tokens=tokens, learned_tokens=learned,
                seconds=self._seconds, other_programs_seconds=self._others,
            )
        )  # fmt: skip

    def _require_numbers(self, step: int, patience: int) -> None:
        """NotFinite after `patience` steps in a row without numbers; a run that ends must not keep such weights."""
        self._not_finite = 0 if math.isfinite(self.last_loss) else self._not_finite + 1
        if self._not_finite >= patience:
            raise NotFinite(step - self._not_finite + 1, self.last_saved, self.trainer.args.learning_rate)

    def _follow_requests(self) -> bool:
        """Note what was asked; True when a checkpoint was."""
        save = False
        for request in self._reporter.poll():
            if not isinstance(request, StopRequest) or request.request not in ("stop", "pause", "save", "kill"):
                continue
            self._reporter.emit(Acknowledged(id=request.id, request=request.request))
            if request.request == "save":
                save = True
            else:
                self.ended_by = "pause" if request.request == "pause" else "stop"
        self.ended_by, save = self.trainer.ranks.told([self.ended_by, save])
        return bool(save)

    def _save(self, step: int) -> None:
        run: Path = self._reporter.folder
        ranks = self.trainer.ranks
        if not ranks.leads:
            self.trainer.write_state(run)
            self.last_saved = step
            return
        with staged_folder(run / checkpoint_path(step)) as staging:
            self.trainer.write_state(staging)
            write_note(staging, self._note._replace(step=step, evaluations=self.evaluations))
            write_manifest(staging)
        self.last_saved = step
        self._reporter.emit(CheckpointSaved(step=step, path=checkpoint_path(step)))
        prune(run, self.evaluations)
