"""What this machine was measured to do, so that plans need not assume it."""

from statistics import median

from pydantic import Field

from phitune_gui.core.value import Value

VERSION = 1
KEPT_RUNS = 40
_NEWEST = 5
_ALIKE = 3.0
"""Models whose sizes differ by more than this factor say nothing about each other."""
_SECONDS_BOUNDS = (0.25, 4.0)
_MEMORY_BOUNDS = (0.7, 1.5)


class Speed(Value):
    """What computing in one number format costs here, with every core: a plan multiplies these by what a run has to do."""

    seconds_per_operation: float = Field(gt=1e-18, lt=1e-3, allow_inf_nan=False)
    """For one multiplication and addition of matrices, counted as two operations."""
    seconds_per_element: float = Field(ge=0, lt=1e-3, allow_inf_nan=False)
    """For one number that a layer makes on the way and keeps for the backward pass."""
    seconds_per_layer: float = Field(0.0, ge=0, lt=1e3, allow_inf_nan=False)
    """For the way through one layer, however few tokens pass: starting its many small operations."""


class PastRun(Value):
    """How one ended attempt compares with what was predicted for it; 1 is as predicted, 2 twice as much, 0 not known."""

    technique: str
    dtype: str
    checkpointing: bool
    device: str = "cpu"
    parameters: int = Field(gt=0, lt=10**15)
    seconds_ratio: float = Field(0.0, ge=0, allow_inf_nan=False)
    memory_ratio: float = Field(0.0, ge=0, allow_inf_nan=False)
    """Of the activations alone: the other parts are sums of exact sizes."""


class Calibration(Value):
    """Measurements of one machine with one set of libraries; without `speeds` only past runs are known."""

    version: int = VERSION
    made_at: float = 0.0
    cores: int = Field(0, ge=0, le=100_000)
    speeds: dict[str, Speed] = {}
    bfloat16_speed_up: float = Field(0.0, ge=0, le=1e6, allow_inf_nan=False)
    """How many times as fast bfloat16 multiplies as float32; 0 not measured."""
    start_seconds: float = Field(0.0, ge=0, le=1e5, allow_inf_nan=False)
    """From the start of a worker to the end of its imports; 0 not measured."""
    loading_bytes_per_second: float = Field(0.0, ge=0, le=1e15, allow_inf_nan=False)
    seconds_per_unpacked_weight: float = Field(0.0, ge=0, lt=1e-3, allow_inf_nan=False)
    """What a 4-bit weight costs for each pass through its layer; 0 where it does not work or was not measured."""
    runs: tuple[PastRun, ...] = ()
    """Newest last."""

    def with_run(self, run: PastRun) -> "Calibration":
        """Remembers one more run and forgets the oldest."""
        return self.model_copy(update={"runs": (*self.runs, run)[-KEPT_RUNS:]})

    def without_runs(self) -> "Calibration":
        """The measurements alone."""
        return self.model_copy(update={"runs": ()})

    def seconds_correction(self, like: PastRun) -> float:
        """By how much past runs of the same kind took longer than predicted; 1 when there are none."""
        return _correction([run.seconds_ratio for run in self._alike(like)], _SECONDS_BOUNDS)

    def memory_correction(self, like: PastRun) -> float:
        """The same of the memory for activations."""
        return _correction([run.memory_ratio for run in self._alike(like)], _MEMORY_BOUNDS)

    def _alike(self, like: PastRun) -> list[PastRun]:
        kind = like.technique, like.dtype, like.checkpointing, like.device
        same = (run for run in self.runs if (run.technique, run.dtype, run.checkpointing, run.device) == kind)
        return [run for run in same if 1 / _ALIKE < run.parameters / like.parameters < _ALIKE]


def _correction(ratios: list[float], bounds: tuple[float, float]) -> float:
    known = [ratio for ratio in ratios if ratio > 0][-_NEWEST:]
    return min(max(median(known), bounds[0]), bounds[1]) if known else 1.0
