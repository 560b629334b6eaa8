"""The forms that PhiTune gives a result, in the order they are shown, and the order in which `auto` tries them."""

from phitune_gui.catalog.exports.adapter import ADAPTER
from phitune_gui.catalog.exports.export_target import ExportTarget
from phitune_gui.catalog.exports.merged import MERGED
from phitune_gui.catalog.exports.onnx_cpu_fp32 import ONNX_CPU_FP32
from phitune_gui.catalog.exports.onnx_cpu_int4 import ONNX_CPU_INT4
from phitune_gui.catalog.exports.onnx_cpu_int8 import ONNX_CPU_INT8

__all__ = ["AUTOMATIC", "AUTOMATIC_ID", "EXPORTS", "ExportTarget", "export_target"]

EXPORTS: tuple[ExportTarget, ...] = (ONNX_CPU_INT4, ONNX_CPU_INT8, ONNX_CPU_FP32, MERGED, ADAPTER)
AUTOMATIC_ID = "auto"
AUTOMATIC: tuple[str, ...] = ("onnx-cpu-int4", "onnx-cpu-int8", "onnx-cpu-fp32")
"""Smallest first; the first that passes its bar is kept."""


def export_target(id: str) -> ExportTarget:
    """The target of this id; KeyError when there is none."""
    return {known.id: known for known in EXPORTS}[id]
