"""The doctor's newest findings, kept until a library or the machine changes; what is stale or damaged counts as never asked."""

from importlib.metadata import PackageNotFoundError, version

from pydantic import ValidationError

from phitune_gui import __version__
from phitune_gui.core.hardware import Hardware
from phitune_gui.core.machine_report import Finding, MachineReport
from phitune_gui.files.atomic import write_text
from phitune_gui.files.regular import read_regular
from phitune_gui.store.paths import doctor_file, private_folder

_LIBRARIES = ("torch", "transformers", "peft", "bitsandbytes", "deepspeed", "onnxruntime", "onnxruntime-genai")
_LARGEST = 200_000


def known_findings(hardware: Hardware) -> tuple[Finding, ...]:
    """What was found on this machine with these versions; empty when that is not known."""
    try:
        report = MachineReport.model_validate_json(read_regular(doctor_file(), _LARGEST))
    except (OSError, ValidationError):
        return ()
    return report.findings if report.made_with == _made_with(hardware) else ()


def keep_findings(findings: tuple[Finding, ...], hardware: Hardware) -> None:
    """Remember the findings. Raises CannotStart or OSError."""
    private_folder(doctor_file().parent)
    write_text(doctor_file(), MachineReport(made_with=_made_with(hardware), findings=findings).model_dump_json(indent=1) + "\n")


def _made_with(hardware: Hardware) -> dict[str, str]:
    machine = {"system": hardware.system, "cpu": hardware.cpu, "gpus": ", ".join(gpu.name for gpu in hardware.gpus)}
    return machine | {"phitune": __version__} | {name: _version(name) for name in _LIBRARIES}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
