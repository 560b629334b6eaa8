"""What the doctor's tiny real tests found on this machine, and the names of the tests that plans rely on."""

from typing import Literal

from phitune_gui.core.value import Value

FOUR_BIT = "4-bit models (QLoRA)"
EIGHT_BIT = "8-bit models (QLoRA)"
DEEPSPEED = "Several processes (DeepSpeed)"
ONNX = "ONNX Runtime"


class Finding(Value):
    """One test: whether it worked, why or why not, and what to do."""

    name: str
    ok: bool
    why: str
    how_to_fix: str = ""


class MachineReport(Value):
    """All findings, and what they were made with: they hold for these versions on this machine and for no other."""

    schema_version: Literal[1] = 1
    made_with: dict[str, str]
    findings: tuple[Finding, ...]
