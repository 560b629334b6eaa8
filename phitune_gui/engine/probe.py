"""Finds out by tiny real tests what this machine can do; each finding is an event, and nothing here may fail the whole."""

import importlib.metadata
import platform
import shutil
import sys
import time
from collections.abc import Callable

import psutil
import torch

from phitune_gui.catalog.techniques.quantisation import Quantisation
from phitune_gui.core.events import Checked, JobFinished, StageBegan
from phitune_gui.core.job import ProbeJob
from phitune_gui.core.machine_report import DEEPSPEED, EIGHT_BIT, FOUR_BIT, ONNX
from phitune_gui.engine.number_format import FASTER, bfloat16_speed_up
from phitune_gui.engine.quantise import gradient_through_quantised
from phitune_gui.engine.reporting import Reporter
from phitune_gui.engine.threads import physical_cores, use_threads

LEAST_FREE_DISK = 5_000_000_000
"""The starter, one run and one export fit in this."""


class _Cannot(Exception):
    """A test that found something missing; `how_to_fix` says what to do about it."""

    def __init__(self, why: str, how_to_fix: str) -> None:
        super().__init__(why)
        self.how_to_fix = how_to_fix


def run_probe(_job: ProbeJob, reporter: Reporter) -> JobFinished:
    """Run every test in order; a test that raises is a finding, not a failure of the job."""
    use_threads(None)
    for name, (test, how_to_fix) in _TESTS.items():
        reporter.emit(StageBegan(stage="verifying", detail=name))
        reporter.emit(_outcome(name, lambda test=test: test(reporter), how_to_fix))
    return JobFinished()


def _outcome(name: str, test: Callable[[], str], how_to_fix: str) -> Checked:
    try:
        return Checked(name=name, ok=True, why=test())
    except _Cannot as missing:
        return Checked(name=name, ok=False, why=str(missing), how_to_fix=missing.how_to_fix)
    except Exception as error:  # noqa: BLE001  whatever a library raises is what the person wants to know
        lines = str(error).strip().splitlines()
        return Checked(
            name=name, ok=False, why=f"{type(error).__name__}: {lines[0] if lines else 'no reason given'}", how_to_fix=how_to_fix
        )


def _system(_reporter: Reporter) -> str:
    return f"{platform.system()} {platform.release()}, Python {platform.python_version()}"


def _libraries(_reporter: Reporter) -> str:
    names = ("torch", "transformers", "peft", "bitsandbytes", "onnxruntime", "onnxruntime-genai", "PySide6-Essentials")
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)


def _processor(_reporter: Reporter) -> str:
    ratio = bfloat16_speed_up()
    words = "training uses it" if ratio >= FASTER else "training stays with float32"
    return f"{physical_cores()} physical cores; bfloat16 multiplies {ratio:.1f} times as fast as float32, so {words}"


def _memory(_reporter: Reporter) -> str:
    memory = psutil.virtual_memory()
    return f"{memory.available / 1e9:.1f} of {memory.total / 1e9:.1f} GB available"


def _disk(reporter: Reporter) -> str:
    free = shutil.disk_usage(reporter.folder).free
    if free < LEAST_FREE_DISK:
        raise _Cannot(f"only {free / 1e9:.1f} GB free", "Free some space, or set PHITUNE_HOME to a folder on another disk.")
    return f"{free / 1e9:.1f} GB free"


def _gpu(_reporter: Reporter) -> str:
    if torch.cuda.is_available():
        return ", ".join(torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count()))
    raise _Cannot("torch finds no graphics processor", "Not needed: everything works on the CPU, only more slowly.")


def _gradients(_reporter: Reporter) -> str:
    weight = torch.ones(8, 8, requires_grad=True)
    (torch.ones(4, 8) @ weight).square().mean().backward()
    if weight.grad is None or not torch.isfinite(weight.grad).all():
        raise _Cannot("a tiny backward pass gave no gradient", "Install PhiTune again.")
    return "a tiny backward pass gave finite gradients"


def _four_bit(_reporter: Reporter) -> str:
    """QLoRA needs this."""
    if not gradient_through_quantised(Quantisation()):
        raise _Cannot("4-bit layers give no finite gradient here", "Choose LoRA instead of QLoRA.")
    return "an NF4 layer was run forwards and backwards"


def _eight_bit(_reporter: Reporter) -> str:
    if not gradient_through_quantised(Quantisation(kind="int8")):
        raise _Cannot("8-bit layers give no finite gradient here", "Choose LoRA, or QLoRA with 4-bit weights.")
    return "an 8-bit layer was run forwards and backwards"


def _deepspeed(_reporter: Reporter) -> str:
    if sys.platform != "linux":
        raise _Cannot("DeepSpeed runs on Linux only", "Not needed for training in one process.")
    try:
        return f"DeepSpeed {importlib.metadata.version('deepspeed')} is installed"
    except importlib.metadata.PackageNotFoundError as error:
        raise _Cannot("DeepSpeed is not installed", "Only ZeRO needs it: pip install 'phitune[deepspeed]'.") from error


def _onnx(_reporter: Reporter) -> str:
    import onnxruntime
    from onnx import TensorProto, helper

    value = helper.make_tensor_value_info
    node = helper.make_node("Add", ["a", "a"], ["b"])
    graph = helper.make_graph([node], "probe", [value("a", TensorProto.FLOAT, [1])], [value("b", TensorProto.FLOAT, [1])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (result,) = session.run(None, {"a": torch.tensor([21.0]).numpy()})
    if result[0] != 42:
        raise _Cannot("ONNX Runtime added 21 and 21 to something else", "Install PhiTune again.")
    return f"a graph was run; providers: {', '.join(onnxruntime.get_available_providers())}"


def _generation(_reporter: Reporter) -> str:
    from phitune_gui.engine.onnx_runtime import genai

    began = time.perf_counter()
    module = genai()
    return f"onnxruntime-genai {module.__version__} was loaded in {time.perf_counter() - began:.1f} s, telemetry off"


_REINSTALL = "Install PhiTune again; if it stays, this machine lacks what the library needs."
_TESTS: dict[str, tuple[Callable[[Reporter], str], str]] = {
    "System": (_system, _REINSTALL),
    "Libraries": (_libraries, _REINSTALL),
    "Processor": (_processor, _REINSTALL),
    "Memory": (_memory, _REINSTALL),
    "Disk": (_disk, "Set PHITUNE_HOME to a folder on another disk."),
    "Graphics processor": (_gpu, _REINSTALL),
    "Training": (_gradients, _REINSTALL),
    FOUR_BIT: (_four_bit, "Choose LoRA instead of QLoRA."),
    EIGHT_BIT: (_eight_bit, "Choose LoRA, or QLoRA with 4-bit weights."),
    DEEPSPEED: (_deepspeed, "Only ZeRO needs it."),
    ONNX: (_onnx, _REINSTALL),
    "ONNX generation": (_generation, _REINSTALL),
}
