"""Model and adapter folded into one folder that transformers loads."""

from phitune_gui.catalog.exports.export_target import ExportTarget
from phitune_gui.catalog.exports.sizes import merge_memory, weights_bytes

MERGED = ExportTarget(
    id="merged",
    label="Merged model",
    summary="The whole tuned model in one folder, in the number format of the base model.",
    kind="merged",
    precision="base",
    bar=None,
    bytes_estimate=lambda model: weights_bytes(model, model.dtype),
    memory_estimate=merge_memory,
)
