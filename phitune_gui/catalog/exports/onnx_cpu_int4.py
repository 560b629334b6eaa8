"""ONNX for the CPU with 4-bit weights: the smallest and quickest, and the one most likely to lose something."""

from types import MappingProxyType

from phitune_gui.catalog.exports.export_target import ExportTarget
from phitune_gui.catalog.exports.sizes import builder_memory, int4_bytes
from phitune_gui.core.parity import Bar

ONNX_CPU_INT4 = ExportTarget(
    id="onnx-cpu-int4",
    label="ONNX for the CPU, int4",
    summary="The smallest file and the quickest answers. Checked closely, because 4 bits can lose what was learned.",
    kind="onnx",
    precision="int4",
    bar=Bar(min_top1=0.85, max_loss_change=0.03),
    bytes_estimate=int4_bytes,
    memory_estimate=lambda model: builder_memory(model, 11),
    # Measured on the untuned starter: this mix agrees in 78 % of positions, the builder's own default in 66 %.
    builder_options=MappingProxyType({"algo_config": "k_quant", "matmul_mixed_precision": "last_matmul:int8,mixed_layers:int8"}),
)
