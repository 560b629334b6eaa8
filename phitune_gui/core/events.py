"""What a worker says: one JSON object per line, past tense, SI units; `at` is the wall clock in seconds, for people only."""

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from phitune_gui.core.adapter import AdapterVerdict
from phitune_gui.core.dataset_report import DatasetReport
from phitune_gui.core.hardware import Hardware
from phitune_gui.core.parity import ParityReport
from phitune_gui.core.value import Number, Value

Stage = Literal[
    "starting", "waiting", "fetching", "loading", "tokenizing", "training", "evaluating", "saving", "merging", "building",
    "verifying", "ready",
]  # fmt: skip


class _Event(Value):
    at: float = 0.0


class AttemptBegan(_Event):
    """A process began to work on this folder; logged steps above `from_step` no longer count."""

    event: Literal["AttemptBegan"] = "AttemptBegan"
    attempt: int
    from_step: int
    pid: int


class StageBegan(_Event):
    """The worker turned to another kind of work."""

    event: Literal["StageBegan"] = "StageBegan"
    stage: Stage
    detail: str = ""


class Progressed(_Event):
    """How far the stage is; `total` 0 means unknown."""

    event: Literal["Progressed"] = "Progressed"
    done: float
    total: float
    unit: str = ""


class HardwareProbed(_Event):
    """What machine the worker found."""

    event: Literal["HardwareProbed"] = "HardwareProbed"
    hardware: Hardware


class DatasetInspected(_Event):
    """What the doctor found in the rows that are really trained on."""

    event: Literal["DatasetInspected"] = "DatasetInspected"
    report: DatasetReport


class TrainingBegan(_Event):
    """The denominators; `total_parameters` are the base model's, without the adapter.

    `matched_modules` is the number of layers that got an adapter; dtype and device as really used.
    """

    event: Literal["TrainingBegan"] = "TrainingBegan"
    total_steps: int
    trainable_parameters: int
    total_parameters: int
    train_rows: int
    validation_rows: int
    matched_modules: int = 0
    dtype: str = ""
    device: str = ""
    eval_steps: int = 0
    save_steps: int = 0


class StepLogged(_Event):
    """One optimizer step: `loss` is the mean over its learned tokens, `seconds` what the step took, `tokens` without padding.

    `other_programs_seconds` are the processor seconds that all other programs of the machine took meanwhile.
    """

    event: Literal["StepLogged"] = "StepLogged"
    step: int
    epoch: float
    loss: Number
    learning_rate: float
    grad_norm: Number
    tokens: int
    learned_tokens: int
    seconds: float
    other_programs_seconds: float = 0.0


class Evaluated(_Event):
    """Mean loss per learned token of the held-out rows after `step` steps; step 0 is the untuned model."""

    event: Literal["Evaluated"] = "Evaluated"
    step: int
    loss: Number
    rows: int
    tokens: int


class SampleWritten(_Event):
    """What the model answers now."""

    event: Literal["SampleWritten"] = "SampleWritten"
    step: int
    prompt: str
    text: str


class MemoryMeasured(_Event):
    """Resident memory of the worker, now and at its peak, in bytes."""

    event: Literal["MemoryMeasured"] = "MemoryMeasured"
    used_bytes: int
    peak_bytes: int


class CheckpointSaved(_Event):
    """Training can be resumed from here; `path` is relative to the run folder."""

    event: Literal["CheckpointSaved"] = "CheckpointSaved"
    step: int
    path: str


class Warned(_Event):
    """Worth reading, not fatal."""

    event: Literal["Warned"] = "Warned"
    message: str


class Advised(_Event):
    """The watchdog suggests something."""

    event: Literal["Advised"] = "Advised"
    message: str
    how_to_fix: str = ""


class Checked(_Event):
    """One finding of the machine probe."""

    event: Literal["Checked"] = "Checked"
    name: str
    ok: bool
    why: str
    how_to_fix: str = ""


class Heartbeat(_Event):
    """The worker lives; written by a thread of its own."""

    event: Literal["Heartbeat"] = "Heartbeat"


class Acknowledged(_Event):
    """The request with this id was seen and is being followed."""

    event: Literal["Acknowledged"] = "Acknowledged"
    id: str
    request: str


class Resumed(_Event):
    """Training goes on from a checkpoint."""

    event: Literal["Resumed"] = "Resumed"
    step: int


class TextGenerated(_Event):
    """A piece of the answer to the `ask` request with this id."""

    event: Literal["TextGenerated"] = "TextGenerated"
    id: str
    text: str


class AnswerFinished(_Event):
    """The answer is complete; `ended_by` says why."""

    event: Literal["AnswerFinished"] = "AnswerFinished"
    id: str
    tokens: int
    first_token_seconds: float
    tokens_per_second: float
    ended_by: Literal["stop token", "length", "cancelled", "failed"]
    message: str = ""


class Exported(_Event):
    """An export lies complete at `path`."""

    event: Literal["Exported"] = "Exported"
    target: str
    path: str
    bytes: int


class Verified(_Event):
    """The parity check ran; `report.verified` is the verdict."""

    event: Literal["Verified"] = "Verified"
    path: str
    report: ParityReport


class FilesCompared(_Event):
    """An export with nothing to measure: `damaged` has one clause per file unlike its manifest, None when that lists no files."""

    event: Literal["FilesCompared"] = "FilesCompared"
    target: str
    path: str
    bytes: int
    damaged: tuple[str, ...] | None


class AdapterImported(_Event):
    """The run holds an adapter that was made elsewhere, or, in the job that judged it, was refused."""

    event: Literal["AdapterImported"] = "AdapterImported"
    adapter: AdapterVerdict


class Paused(_Event):
    """Last event of an attempt: saved, memory freed, can be resumed."""

    event: Literal["Paused"] = "Paused"
    step: int


class JobFinished(_Event):
    """Last event of an attempt: done, or stopped early on request with everything saved. Paths are relative to the job's folder."""

    event: Literal["JobFinished"] = "JobFinished"
    stopped_early: bool = False
    artifacts: dict[str, str] = {}
    results: dict[str, Any] = {}


FailureKind = Literal[
    "out_of_memory", "disk_full", "killed", "crashed", "no_result", "vanished", "bad_data", "bad_model", "not_finite",
    "network", "check_failed", "error",
]  # fmt: skip


class JobFailed(_Event):
    """Last event of an attempt: what happened (`message`), what is safe and what to do (`hint`), the trace for the curious."""

    event: Literal["JobFailed"] = "JobFailed"
    kind: FailureKind
    message: str
    hint: str
    traceback: str = ""


Event = Annotated[
    AttemptBegan | StageBegan | Progressed | HardwareProbed | DatasetInspected | TrainingBegan | StepLogged | Evaluated | SampleWritten
    | MemoryMeasured | CheckpointSaved | Warned | Advised | Checked | Heartbeat | Acknowledged | Resumed | TextGenerated
    | AnswerFinished | Exported | Verified | FilesCompared | AdapterImported | Paused | JobFinished | JobFailed,
    Field(discriminator="event"),
]  # fmt: skip
LAST = (Paused, JobFinished, JobFailed)
"""An attempt ends in exactly one of these."""

_EVENT: TypeAdapter[Event] = TypeAdapter(Event)


def event_to_line(event: Event) -> bytes:
    """The event as one line of events.jsonl, with its line end; the name first, so that a person can read it."""
    fields = _EVENT.dump_python(event, mode="json")
    ordered = {"event": fields.pop("event"), **fields}
    return _LINE.dump_json(ordered) + b"\n"


def event_from_line(line: bytes | str) -> Event:
    """The event of one line; pydantic's ValidationError when it is none."""
    return _EVENT.validate_json(line)


_LINE: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])
