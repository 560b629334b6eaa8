"""What this machine is, in bytes and counts, as the probe found it."""

from phitune_gui.core.calibration import Calibration
from phitune_gui.core.machine_report import Finding
from phitune_gui.core.value import Value


class Gpu(Value):
    """One graphics processor; memory in bytes."""

    name: str
    memory_bytes: int
    free_bytes: int | None = None
    """What other programs leave of it; None where nobody says."""
    has_bfloat16: bool = True
    """Whether it multiplies bfloat16 itself; from NVIDIA's Ampere on."""

    @property
    def available_bytes(self) -> int:
        """What a run may use of its memory."""
        return self.memory_bytes if self.free_bytes is None else self.free_bytes


class Hardware(Value):
    """The machine a run is planned for; memory and disk in bytes, cores as counts."""

    system: str
    cpu: str
    physical_cores: int
    logical_cores: int
    memory_bytes: int
    available_memory_bytes: int
    free_disk_bytes: int
    disk_folder: str = ""
    """The folder whose disk was measured."""
    gpus: tuple[Gpu, ...] = ()
    has_bitsandbytes: bool = True
    """Whether weights of few bits may be tried at all; only a tiny real layer, run before loading, shows that they work."""
    has_deepspeed: bool = False
    """Whether DeepSpeed, an extra, is installed."""
    findings: tuple[Finding, ...] = ()
    """What the doctor found with these libraries; empty while it was not asked."""
    calibration: Calibration | None = None
    """What was measured on this machine; None while nothing was."""
    watts: float | None = None
    """What the person says it draws while it trains."""
    price_per_kwh: float | None = None

    def with_share(self, share: float) -> "Hardware":
        """The machine as if only this share of its free memory were free."""
        gpus = tuple(gpu.model_copy(update={"free_bytes": int(share * gpu.available_bytes)}) for gpu in self.gpus)
        return self.model_copy(update={"available_memory_bytes": int(share * self.available_memory_bytes), "gpus": gpus})

    def failed(self, test: str) -> Finding | None:
        """The doctor's finding that this test fails here; None where it works or was not tried."""
        return next((found for found in self.findings if found.name == test and not found.ok), None)
