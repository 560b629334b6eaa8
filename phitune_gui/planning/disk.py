"""How much disk a run and its exports will take."""

from typing import NamedTuple

from phitune_gui.catalog.exports import AUTOMATIC, export_target
from phitune_gui.catalog.exports.sizes import weights_bytes
from phitune_gui.core.base_model import BaseModel
from phitune_gui.planning.figures import Figures

KEPT_CHECKPOINTS = 4
"""Checkpoints that lie in a run folder at once: the newest two, the best one, and the one being written."""
_CHECKPOINT_BYTES = 12
"""Per trained parameter in float32: itself and AdamW's two numbers."""
_LOGS_BYTES = 10_000_000


class DiskPlan(NamedTuple):
    """Bytes that training writes, and bytes that merging and exporting the result write on top."""

    training: int
    exporting: int

    @property
    def total(self) -> int:
        """Everything, if the result is exported as well."""
        return self.training + self.exporting


def plan_disk(model: BaseModel | None, figures: Figures) -> DiskPlan:
    """Checkpoints, trained weights and logs; then the float32 merge and every export that `auto` may have to try."""
    if model is None or not model.layers:
        return DiskPlan(0, 0)
    extra = 4 * figures.extra_numbers
    training = figures.trainable * ((_CHECKPOINT_BYTES + extra) * KEPT_CHECKPOINTS + 4 + extra) + _LOGS_BYTES
    exports = (export_target(id).bytes_estimate(model) for id in AUTOMATIC)
    return DiskPlan(training, weights_bytes(model, "float32") + max(exports))
