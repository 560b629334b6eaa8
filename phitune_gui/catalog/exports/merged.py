"""Model and adapter folded into one folder that transformers loads."""

from phitune_gui.catalog.exports.export_target import ExportTarget
from phitune_gui.catalog.exports.sizes import merge_memory, weights_bytes
from phitune_gui.core.parity import Bar

MERGED = ExportTarget(
    id="merged",
    label="Merged model",
    summary="The whole tuned model in one folder, in the number format of the base model.",
    kind="merged",
    precision="base",
    # What saving in 16 bits may cost; in float32 nothing is lost.
    bar=Bar(min_top1=0.95, max_loss_change=0.01, max_decode_gap=1e-3),
    bytes_estimate=lambda model: weights_bytes(model, model.dtype),
    memory_estimate=merge_memory,
)
