"""How the frozen weights are kept in fewer bits while training, and how many bytes that takes."""

from typing import Literal

from phitune_gui.core.value import Written

QUANTISED = Literal["nf4", "fp4", "int8"]
FOUR_BIT = Literal["nf4", "fp4"]


class Quantisation(Written):
    """The number format of the linear layers; embeddings, head and norms keep the training's own."""

    kind: QUANTISED = "nf4"
    double: bool = True
    """Whether the constants of 4-bit blocks are quantised as well."""

    @property
    def bytes_per_weight(self) -> float:
        """One float32 constant per block of 64 weights is half a bit each; quantised again, 0.127 (Dettmers et al. 2023, 2305.14314).

        At 8 bits there is one constant per row, which is next to nothing.
        """
        if self.kind == "int8":
            return 1.0
        return (4 + (8 / 64 + 32 / (64 * 256) if self.double else 32 / 64)) / 8
