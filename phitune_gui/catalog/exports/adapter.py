"""The trained adapter alone, as a PEFT folder."""

from phitune_gui.catalog.exports.export_target import ExportTarget
from phitune_gui.catalog.exports.sizes import LIBRARIES_BYTES
from phitune_gui.catalog.techniques.lora import LORA, LoraOptions
from phitune_gui.core.base_model import BaseModel


def bytes_estimate(model: BaseModel) -> int:
    """Float32 matrices of a LoRA with default options; a plan knows the exact number."""
    return 4 * LORA.adapter_parameters(LoraOptions(), model)


ADAPTER = ExportTarget(
    id="adapter",
    label="Adapter",
    summary="What was learned, without the model. Small, for people who have the same base model.",
    kind="adapter",
    precision="float32",
    bar=None,
    bytes_estimate=bytes_estimate,
    memory_estimate=lambda model: LIBRARIES_BYTES,
)
