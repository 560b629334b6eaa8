"""What a run has become: the pure function from events to the state that every view shows."""

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any, Literal, NamedTuple

from phitune_gui.core import events as e
from phitune_gui.core.adapter import AdapterVerdict
from phitune_gui.core.dataset_report import DatasetReport
from phitune_gui.core.hardware import Hardware
from phitune_gui.core.parity import ParityReport
from phitune_gui.core.value import Number, Value

RunState = Literal["queued", "starting", "running", "paused", "stopping", "finished", "stopped", "failed"]
NOT_BEGUN = "has not begun: its folder records no training."
"""What is said of such a run, after its name."""
ENDED: tuple[RunState, ...] = ("paused", "finished", "stopped", "failed")


class Step(NamedTuple):
    """One point of the loss plot."""

    step: int
    epoch: float
    loss: Number
    learning_rate: float
    grad_norm: Number
    tokens: int
    learned_tokens: int
    seconds: float
    other_programs_seconds: float = 0.0


class Evaluation(NamedTuple):
    """One validation point."""

    step: int
    loss: Number


class Checkpoint(NamedTuple):
    """One place to resume from; `path` relative to the run folder."""

    step: int
    path: str


class Sample(NamedTuple):
    """One answer given on the way."""

    step: int
    prompt: str
    text: str


class Export(Value):
    """One export that a job made or checked."""

    target: str
    path: str
    bytes: int = 0
    report: ParityReport | None = None
    damaged: tuple[str, ...] | None = None
    """One clause per file unlike the manifest; None before files were compared."""


class Run(Value):
    """Everything known about one job's folder, from its events alone."""

    state: RunState = "queued"
    stage: str = ""
    stage_detail: str = ""
    done: float = 0.0
    total: float = 0.0
    unit: str = ""
    attempt: int = 0
    pid: int = 0
    began_at: float = 0.0
    ended_at: float = 0.0
    attempt_began_at: float = 0.0
    earlier_seconds: float = 0.0
    last_at: float = 0.0
    step: int = 0
    total_steps: int = 0
    trainable_parameters: int = 0
    total_parameters: int = 0
    train_rows: int = 0
    validation_rows: int = 0
    matched_modules: int = 0
    dtype: str = ""
    device: str = ""
    eval_steps: int = 0
    save_steps: int = 0
    stage_began_at: float = 0.0
    judging_seconds: float = 0.0
    """What the newest validation took."""
    saving_seconds: float = 0.0
    """What the newest checkpoint took."""
    told_at: float = 0.0
    """When the newest event came that is more than a sign of life."""
    hardware: Hardware | None = None
    dataset: DatasetReport | None = None
    steps: tuple[Step, ...] = ()
    evaluations: tuple[Evaluation, ...] = ()
    checkpoints: tuple[Checkpoint, ...] = ()
    samples: tuple[Sample, ...] = ()
    exports: tuple[Export, ...] = ()
    warnings: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    checks: tuple[e.Checked, ...] = ()
    used_bytes: int = 0
    peak_bytes: int = 0
    artifacts: dict[str, str] = {}
    failure: e.JobFailed | None = None
    imported: AdapterVerdict | None = None
    """What was taken over from elsewhere, and from where; None for what was trained here."""

    @property
    def ended(self) -> bool:
        """Whether the newest attempt is over."""
        return self.state in ENDED

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for other machines; `stage_detail` says for which."""
        return self.stage == "waiting" and not self.ended

    @property
    def spent_seconds(self) -> float:
        """Wall time of all attempts, each from its beginning to its ending or newest sign of life; what lay between is no work."""
        return self.earlier_seconds + (max((self.ended_at or self.last_at) - self.attempt_began_at, 0.0) if self.attempt_began_at else 0.0)

    @property
    def training_seconds(self) -> float:
        """Seconds spent in optimizer steps alone."""
        return sum(step.seconds for step in self.steps)

    @property
    def tokens_per_second(self) -> float:
        """Real tokens per second of training steps, padding, loading and saving left out; 0 before the first step."""
        seconds = self.training_seconds
        return sum(step.tokens for step in self.steps) / seconds if seconds > 0 else 0.0

    @property
    def learned_tokens_per_second(self) -> float:
        """Tokens that carry loss per second of training steps; 0 before the first step."""
        seconds = self.training_seconds
        return sum(step.learned_tokens for step in self.steps) / seconds if seconds > 0 else 0.0

    @property
    def final_loss(self) -> float | None:
        """Training loss of the last step."""
        return self.steps[-1].loss if self.steps else None

    @property
    def best_evaluation(self) -> Evaluation | None:
        """The validation point with the lowest loss."""
        finite = [point for point in self.evaluations if point.loss == point.loss]
        return min(finite, key=lambda point: point.loss, default=None)

    @property
    def last_evaluation(self) -> Evaluation | None:
        """The newest validation point."""
        return max(self.evaluations, key=lambda point: point.step, default=None)


def apply_all(run: Run, events: Iterable[e.Event]) -> Run:
    """The run after all `events`; the same as `apply` one by one, but a burst of steps is appended at once."""
    burst: list[e.StepLogged] = []
    for event in events:
        if isinstance(event, e.StepLogged):
            burst.append(event)
        else:
            run = apply(_with_steps(run, burst), event)
            burst = []
    return _with_steps(run, burst)


def apply(run: Run, event: e.Event) -> Run:
    """The run after one event. Pure: the live window, a reopened run and the tests use this one function."""
    if isinstance(event, e.StepLogged):
        return _with_steps(run, [event])
    change = _CHANGES.get(type(event))
    update = change(run, event) if change else {}
    return run.model_copy(update={**_newest(run, event), **update})


def _newest(run: Run, event: e.Event) -> dict[str, object]:
    at = event.at or run.last_at
    return {"last_at": at} if isinstance(event, e.Heartbeat) else {"last_at": at, "told_at": at}


def _with_steps(run: Run, events: list[e.StepLogged]) -> Run:
    if not events:
        return run
    new = tuple(map(Step._make, map(attrgetter(*Step._fields), events)))
    state = run.state if run.state == "stopping" else "running"
    return run.model_copy(update={"steps": run.steps + new, "step": new[-1].step, "state": state, **_newest(run, events[-1])})


def _attempt_began(run: Run, event: e.AttemptBegan) -> dict[str, object]:
    return {
        "state": "starting", "stage": "starting", "stage_detail": "", "attempt": event.attempt, "pid": event.pid,
        "began_at": run.began_at or event.at, "attempt_began_at": event.at, "earlier_seconds": run.spent_seconds, "ended_at": 0.0,
        "failure": None, "step": event.from_step,
        "steps": tuple(step for step in run.steps if step.step <= event.from_step),
        "evaluations": tuple(point for point in run.evaluations if point.step <= event.from_step),
        "samples": tuple(sample for sample in run.samples if sample.step <= event.from_step),
    }  # fmt: skip


def _stage_began(run: Run, event: e.StageBegan) -> dict[str, object]:
    state = "running" if run.state in ("queued", "starting") and event.stage != "starting" else run.state
    return {
        "state": state,
        "stage": event.stage,
        "stage_detail": event.detail,
        "stage_began_at": event.at,
        "done": 0.0,
        "total": 0.0,
        "unit": "",
    }


def _training_began(run: Run, event: e.TrainingBegan) -> dict[str, object]:
    return {"state": "running", **event.model_dump(exclude={"at", "event"})}


def _evaluated(run: Run, event: e.Evaluated) -> dict[str, object]:
    others = tuple(point for point in run.evaluations if point.step != event.step)
    judging = max(event.at - run.stage_began_at, 0.0) if run.stage == "evaluating" else run.judging_seconds
    return {"evaluations": (*others, Evaluation(event.step, event.loss)), "judging_seconds": judging}


def _saved(run: Run, event: e.CheckpointSaved) -> dict[str, object]:
    """It follows at once on the step or the validation before it, whose event was the last one but for heartbeats."""
    took = max(event.at - run.told_at, 0.0) if run.told_at else 0.0
    return {"checkpoints": (*run.checkpoints, Checkpoint(event.step, event.path)), "saving_seconds": took}


def _acknowledged(run: Run, event: e.Acknowledged) -> dict[str, object]:
    return {"state": "stopping"} if event.request in ("stop", "pause", "kill") else {}


def _exported(run: Run, event: e.Exported) -> dict[str, object]:
    others = tuple(export for export in run.exports if export.path != event.path)
    return {"exports": (*others, Export(target=event.target, path=event.path, bytes=event.bytes))}


def _verified(run: Run, event: e.Verified) -> dict[str, object]:
    known = {export.path: export for export in run.exports}
    export = known.get(event.path, Export(target=event.report.target, path=event.path, bytes=event.report.bytes))
    known[event.path] = export.model_copy(update={"report": event.report})
    return {"exports": tuple(known.values())}


def _files_compared(run: Run, event: e.FilesCompared) -> dict[str, object]:
    others = tuple(export for export in run.exports if export.path != event.path)
    return {"exports": (*others, Export(target=event.target, path=event.path, bytes=event.bytes, damaged=event.damaged))}


def _finished(run: Run, event: e.JobFinished) -> dict[str, object]:
    return {"state": "stopped" if event.stopped_early else "finished", "ended_at": event.at, "artifacts": event.artifacts}


_CHANGES: dict[type, Callable[[Run, Any], dict[str, object]]] = {
    e.AttemptBegan: _attempt_began,
    e.StageBegan: _stage_began,
    e.Progressed: lambda run, event: {"done": event.done, "total": event.total, "unit": event.unit},
    e.HardwareProbed: lambda run, event: {"hardware": event.hardware},
    e.DatasetInspected: lambda run, event: {"dataset": event.report},
    e.TrainingBegan: _training_began,
    e.Evaluated: _evaluated,
    e.SampleWritten: lambda run, event: {"samples": (*run.samples, Sample(event.step, event.prompt, event.text))},
    e.MemoryMeasured: lambda run, event: {"used_bytes": event.used_bytes, "peak_bytes": max(run.peak_bytes, event.peak_bytes)},
    e.CheckpointSaved: _saved,
    e.Warned: lambda run, event: {"warnings": (*run.warnings, event.message)},
    e.Advised: lambda run, event: {"advice": (*run.advice, event.message)},
    e.Checked: lambda run, event: {"checks": (*run.checks, event)},
    e.Acknowledged: _acknowledged,
    e.Exported: _exported,
    e.Verified: _verified,
    e.FilesCompared: _files_compared,
    e.AdapterImported: lambda run, event: {"imported": event.adapter},
    e.Paused: lambda run, event: {"state": "paused", "ended_at": event.at},
    e.JobFinished: _finished,
    e.JobFailed: lambda run, event: {"state": "failed", "ended_at": event.at, "failure": event},
}
