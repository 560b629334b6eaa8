"""What this machine is, found without torch: processor, memory, disk, graphics processors, and what the doctor found before."""

import platform
import shutil
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil

from phitune_gui.core.events import Checked
from phitune_gui.core.hardware import Gpu, Hardware
from phitune_gui.core.machine_report import Finding
from phitune_gui.store.calibrations import load_calibration
from phitune_gui.store.machine_report import keep_findings, known_findings
from phitune_gui.store.paths import runs_folder
from phitune_gui.store.settings import load_settings

_AMPERE = 8
"""The first compute capability with bfloat16."""


def probe_hardware(disk_at: Path) -> Hardware:
    """The machine now; free disk is that of the nearest existing folder at or above `disk_at`."""
    memory, settings = psutil.virtual_memory(), load_settings()
    found = Hardware(
        system=f"{platform.system()} {platform.release()}",
        cpu=_cpu_name(),
        physical_cores=psutil.cpu_count(logical=False) or psutil.cpu_count() or 1,
        logical_cores=psutil.cpu_count() or 1,
        memory_bytes=memory.total,
        available_memory_bytes=memory.available,
        free_disk_bytes=free_disk(disk_at),
        disk_folder=str(disk_at),
        gpus=_gpus(),
        has_bitsandbytes=find_spec("bitsandbytes") is not None,
        has_deepspeed=find_spec("deepspeed") is not None,
        watts=settings.watts,
        price_per_kwh=settings.price_per_kwh,
    )
    return found.model_copy(update={"calibration": load_calibration(found), "findings": known_findings(found)})


def remember_checks(checks: Sequence[Checked]) -> None:
    """Keep what the doctor found, for the plans to come. Raises CannotStart or OSError."""
    found = tuple(Finding.model_validate(check.model_dump(include=set(Finding.model_fields))) for check in checks)
    keep_findings(found, probe_hardware(runs_folder()))


def free_disk(path: Path) -> int:
    """Free bytes of the disk that `path` lies on or would lie on."""
    path = path.absolute()
    while not path.exists() and path != path.parent:
        path = path.parent
    return shutil.disk_usage(path).free


def _cpu_name() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _gpus() -> tuple[Gpu, ...]:
    """NVIDIA processors by NVML, which costs no CUDA context; none when there is no driver."""
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return ()
    try:
        handles = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]
        return tuple(map(_gpu, handles))
    except pynvml.NVMLError:
        return ()
    finally:
        pynvml.nvmlShutdown()


def _gpu(handle: Any) -> Gpu:
    import pynvml

    memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
    major, _minor = pynvml.nvmlDeviceGetCudaComputeCapability(handle)
    return Gpu(name=str(pynvml.nvmlDeviceGetName(handle)), memory_bytes=memory.total, free_bytes=memory.free, has_bfloat16=major >= _AMPERE)
