"""What the person wants: the recipe, one section per page, every field with its label, help and limits."""

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from phitune_gui.core.value import Written

SCHEMA_VERSION = 1
MAX_SOURCES = 200
MOST_MACHINES = 64
_LONGEST_LIST = 64
_LONGEST_TEXT = 200
_LONGEST_PATH = 4096


def _plain_option(value: Any) -> Any:
    """An option of a technique that is not known yet: one value, or a short list of values; never something nested."""
    values = value if isinstance(value, list | tuple) else (value,)
    if len(values) > _LONGEST_LIST or not all(_is_plain(each) for each in values):
        raise PydanticCustomError("plain_option", "Options are a number, a short text, true, false, or a short list of these")
    return value


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= _LONGEST_TEXT
    return value is None or isinstance(value, float) or (isinstance(value, int) and abs(value) < 2**63)


def _path(value: str) -> str:
    """Files of recipes and events are UTF-8, so a name that is no text could be used but not written down."""
    if len(value) > _LONGEST_PATH:
        raise PydanticCustomError("path", "No path is longer than {most} characters", {"most": _LONGEST_PATH})
    if "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise PydanticCustomError("path", "This name holds signs that are no text, so it cannot be written into a recipe")
    return value


def _settings(value: Any) -> Any:
    """A mapping of plain values and of mappings of these; text that is a number or a truth value is read as such."""
    if not isinstance(value, dict):
        raise _no_settings()
    return {name: _settings_within(each) if isinstance(each, dict) else _setting(each) for name, each in value.items()}


def _settings_within(value: dict[str, Any]) -> dict[str, Any]:
    return {name: _setting(each) for name, each in value.items()}


def _no_settings() -> PydanticCustomError:
    return PydanticCustomError("settings", "Settings are names with a number, a short text, true or false")


def _setting(value: Any) -> Any:
    if not _is_plain(value):
        raise _no_settings()
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _supported_version(value: Any) -> Any:
    if type(value) is not int or value != SCHEMA_VERSION:
        raise PydanticCustomError("schema_version", "This PhiTune knows only schema version {known}", {"known": SCHEMA_VERSION})
    return value


PathText = Annotated[str, AfterValidator(_path)]


class ModelSection(Written):
    """Which model is tuned."""

    path: PathText = Field("", title="Model folder", description="Folder of the local model that is tuned.")
    adapter: PathText = Field(
        "", title="Start from", description="Folder of a run or adapter whose weights are trained on; empty begins with a fresh adapter.",
        json_schema_extra={"advanced": True},
    )  # fmt: skip


class DataSource(Written):
    """One dataset file."""

    path: PathText = Field(title="File", description="Dataset file to learn from.")
    weight: float = Field(
        1.0, gt=0, le=100, title="Weight",
        description="How often its training rows are seen in an epoch: 0.5 sees a random half of them, 2 each one twice.",
    )  # fmt: skip


class ValidationSection(Written):
    """Which rows are held out to judge the result."""

    path: PathText | None = Field(None, title="Validation file", description="Rows of this file are never learned, only judged.")
    percent: float = Field(
        10.0, ge=0, le=50, title="Hold out", description="Share of the rows held out when there is no validation file.",
        json_schema_extra={"unit": "%"},
    )  # fmt: skip


class DataSection(Written):
    """What is learned from."""

    sources: tuple[DataSource, ...] = Field((), max_length=MAX_SOURCES, title="Files", description="Dataset files, read in this order.")
    format: str = Field("auto", title="Format", description="How rows are understood; auto looks at many rows and says why.")
    columns: dict[str, str] = Field(
        {}, title="Columns", description="Which column plays which role, as role: column; for a template, role: text with {column}."
    )
    max_length: int = Field(
        1024, ge=16, le=131072, title="Longest conversation", description="Longer conversations are cut at this many tokens.",
        json_schema_extra={"unit": "tokens"},
    )  # fmt: skip
    broken_rows: Literal["stop", "leave_out"] = Field(
        "stop", title="Damaged rows", description="Whether a row that cannot be read stops the run before it starts, or is left out."
    )
    train_on: Literal["answers", "everything"] = Field(
        "answers", title="Learn from", description="Answers only, or everything including the questions."
    )
    validation: ValidationSection = ValidationSection()


class TechniqueSection(Written):
    """How weights are trained: the technique's id and its options, checked by the technique's own file in the catalog."""

    model_config = ConfigDict(frozen=True, extra="allow")

    __pydantic_extra__: dict[str, Annotated[Any, AfterValidator(_plain_option)]] = Field(init=False)
    id: str = Field("lora", title="Technique", description="How the weights are trained.")

    @property
    def options(self) -> dict[str, Any]:
        """The options as written, without the id."""
        return dict(self.model_extra or {})


class TrainingSection(Written):
    """How long and how carefully."""

    epochs: float = Field(3.0, gt=0, le=100, title="Epochs", description="How often every row is seen.")
    max_steps: int | None = Field(
        None, ge=1, le=1_000_000, title="At most steps", description="Ends after this many optimizer steps.",
        json_schema_extra={"advanced": True},
    )  # fmt: skip
    learning_rate: float = Field(
        2e-4, gt=0, le=1, title="Learning rate", description="How far each step moves the weights. Lower is slower and safer."
    )
    micro_batch_size: int = Field(
        4, ge=1, le=1024, title="Rows at a time", description="Rows in memory at once. Fewer rows need less memory.",
        json_schema_extra={"unit": "rows"},
    )  # fmt: skip
    accumulation: int = Field(
        1, ge=1, le=1024, title="Accumulate", description="Passes before the weights move; multiplies the effective batch."
    )
    warmup_steps: int = Field(
        3, ge=0, le=10_000, title="Warm-up steps", description="Steps during which the learning rate rises from zero.",
        json_schema_extra={"advanced": True},
    )  # fmt: skip
    schedule: Literal["cosine", "linear", "constant"] = Field(
        "cosine", title="Schedule", description="How the learning rate falls after warm-up.", json_schema_extra={"advanced": True}
    )
    weight_decay: float = Field(
        0.0, ge=0, le=1, title="Weight decay", description="Pulls trained weights towards zero.", json_schema_extra={"advanced": True}
    )
    max_grad_norm: float = Field(
        1.0, gt=0, le=1000, title="Gradient limit", description="Gradients longer than this are shortened.",
        json_schema_extra={"advanced": True},
    )  # fmt: skip
    neftune_alpha: float | None = Field(
        None, gt=0, le=100, title="Noise (NEFTune)",
        description="Noise on the embeddings while training, against learning by heart; 5 is usual, empty adds none.",
        json_schema_extra={"advanced": True},
    )  # fmt: skip
    save_steps: int | None = Field(
        None, ge=1, title="Save every", description="Steps between checkpoints; empty saves ten times per run.",
        json_schema_extra={"unit": "steps", "advanced": True},
    )  # fmt: skip
    eval_steps: int | None = Field(
        None, ge=1, title="Validate every", description="Steps between validations; empty validates about ten times per run.",
        json_schema_extra={"unit": "steps", "advanced": True},
    )  # fmt: skip
    dtype: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", title="Number format", description="Format of the frozen weights while training; auto measures what is fast here.",
        json_schema_extra={"advanced": True},
    )  # fmt: skip
    gradient_checkpointing: bool = Field(
        False, title="Save memory (slower)", description="Computes activations twice instead of keeping them.",
        json_schema_extra={"advanced": True},
    )  # fmt: skip
    threads: int | None = Field(
        None, ge=1, le=1024, title="Threads", description="Processor threads; empty uses every physical core.",
        json_schema_extra={"advanced": True},
    )  # fmt: skip
    seed: int = Field(7, ge=0, le=2**31 - 1, title="Seed", description="Same seed, same split, same order, same result.")


class LauncherSection(Written):
    """How many processes train together."""

    id: str = Field("single", title="How it is started", description="One process, or several that share the work.")
    processes: int = Field(1, ge=1, le=1024, title="Processes", description="Processes that train together, on each machine.")
    nodes: int = Field(
        1, ge=1, le=MOST_MACHINES, title="Machines", description="Machines that train together, each with as many processes."
    )
    rendezvous: str = Field(
        "", max_length=300, title="Meeting address",
        description="Address and port of this machine by which the other machines find it, such as 192.168.1.5:29500.",
    )  # fmt: skip
    zero_stage: int | None = Field(None, ge=1, le=3, title="ZeRO stage", description="What the processes share out.")
    offload: Literal["none", "cpu"] = Field("none", title="Offload", description="Where optimizer state is kept.")
    deepspeed: Annotated[dict[str, Any], BeforeValidator(_settings)] = Field(
        {}, title="DeepSpeed settings", description="Keys of DeepSpeed's JSON that are set besides what the recipe says."
    )

    @property
    def all_processes(self) -> int:
        """Processes of all machines together."""
        return self.processes * self.nodes


class ExportSection(Written):
    """What is made of the result."""

    dtype: Literal["base", "float32", "bfloat16", "float16"] = Field(
        "base", title="Merged format", description="Number format of merged weights; base keeps the model's own."
    )


class Recipe(Written):
    """Everything a run needs to know. Editing means `model_copy(update=...)` or `with_value`."""

    schema_version: Annotated[int, BeforeValidator(_supported_version)] = SCHEMA_VERSION
    name: str = Field("", max_length=80, title="Name", description="Name of the run; empty makes one from model and technique.")
    model: ModelSection = ModelSection()
    data: DataSection = DataSection()
    technique: TechniqueSection = TechniqueSection()
    training: TrainingSection = TrainingSection()
    launcher: LauncherSection = LauncherSection()
    export: ExportSection = ExportSection()


def with_value(recipe: Recipe, name: str, value: Any) -> Recipe:
    """The recipe with the field of the dotted `name` set, validated again as a whole.

    Raises KeyError when no such field exists and pydantic's ValidationError when the value is not allowed.
    Sequence positions are numbers: `data.sources.0.path`; the one after the last makes a new source.
    """
    if name == "schema_version":
        raise KeyError(name)
    document: Any = recipe.model_dump()
    place = document
    sources = document["data"]["sources"] = list(document["data"]["sources"])
    *parents, last = name.split(".")
    may_be_new = parents in (["technique"], ["data", "columns"]) or parents[:2] == ["launcher", "deepspeed"]
    for number, parent in enumerate(parents):
        if isinstance(place, dict) and may_be_new and number > 1:
            place.setdefault(parent, {})
        if place is sources and parent == str(len(sources)):
            sources.append({"path": ""})
        place = place[_position(parent)] if isinstance(place, list | tuple) else place[parent]
    if isinstance(place, list | tuple):
        raise KeyError(name)
    if last not in place and not may_be_new:
        raise KeyError(name)
    place[last] = value
    return Recipe.model_validate(document)


def _position(name: str) -> int:
    """Raises KeyError for what `int` would take beside a plain number: -1, +0, the digits of other scripts."""
    if not (name.isascii() and name.isdigit()):
        raise KeyError(name)
    return int(name)
