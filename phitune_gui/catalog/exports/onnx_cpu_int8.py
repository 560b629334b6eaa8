"""ONNX for the CPU with 8-bit weights: nearly exact at a good quarter of the size."""

from phitune_gui.catalog.exports.export_target import ExportTarget
from phitune_gui.catalog.exports.sizes import builder_memory, int8_bytes
from phitune_gui.core.parity import Bar

ONNX_CPU_INT8 = ExportTarget(
    id="onnx-cpu-int8",
    label="ONNX for the CPU, int8",
    summary="Nearly the answers of the full model, at a good quarter of its size.",
    kind="onnx",
    precision="int8",
    bar=Bar(min_top1=0.95, max_loss_change=0.01),
    bytes_estimate=int8_bytes,
    memory_estimate=lambda model: builder_memory(model, 9),
)
