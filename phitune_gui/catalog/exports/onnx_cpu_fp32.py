"""ONNX for the CPU with full weights: the exact reference, four bytes per parameter."""

from phitune_gui.catalog.exports.export_target import ExportTarget
from phitune_gui.catalog.exports.sizes import builder_memory, float32_bytes
from phitune_gui.core.parity import Bar

ONNX_CPU_FP32 = ExportTarget(
    id="onnx-cpu-fp32",
    label="ONNX for the CPU, fp32",
    summary="The same answers as the tuned model, to the last digits. Large and slower.",
    kind="onnx",
    precision="fp32",
    bar=Bar(max_logit_difference=1e-3, max_decode_gap=1e-3),
    bytes_estimate=float32_bytes,
    memory_estimate=lambda model: builder_memory(model, 3.5),
)
