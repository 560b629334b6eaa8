"""The measurements of this machine, kept as one small file for each processor and set of libraries."""

import hashlib
import importlib.metadata
import logging
from pathlib import Path

from pydantic import ValidationError

from phitune_gui.core.calibration import VERSION, Calibration
from phitune_gui.core.hardware import Hardware
from phitune_gui.files.atomic import write_text
from phitune_gui.files.regular import read_regular
from phitune_gui.store.paths import home, private_folder

_LIBRARIES = ("torch", "transformers", "peft", "bitsandbytes")
_log = logging.getLogger(__name__)


def calibration_file(hardware: Hardware) -> Path:
    """Another processor, another number of cores or another version of a library that computes is another file."""
    facts = [hardware.cpu, str(hardware.physical_cores), *(gpu.name for gpu in hardware.gpus), *map(_version, _LIBRARIES)]
    return home() / "calibration" / f"{hashlib.sha256(chr(10).join(facts).encode()).hexdigest()[:16]}.json"


def load_calibration(hardware: Hardware) -> Calibration | None:
    """What is known of this machine; None when nothing was measured, or when the file is damaged or of another version."""
    path = calibration_file(hardware)
    try:
        found = Calibration.model_validate_json(read_regular(path))
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        _log.warning("The measurements in %s cannot be used and are left out: %s", path, error)
        return None
    return found if found.version == VERSION else None


def save_calibration(calibration: Calibration, hardware: Hardware) -> Path:
    """Replace the file of this machine. Raises CannotStart or OSError."""
    path = calibration_file(hardware)
    private_folder(path.parent)
    write_text(path, calibration.model_dump_json(indent=1) + "\n")
    return path


def _version(library: str) -> str:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return "none"
