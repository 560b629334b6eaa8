"""Several processes on this machine that share out optimizer state (ZeRO stage 1), gradients (2) and weights too (3), by DeepSpeed."""

from phitune_gui.catalog.launchers.launcher import Launcher

_PROVEN = ("lora", "dora", "qlora")
_WHY_NOT = "Only what was shown to learn the same as in one process is let in."

ZERO1 = Launcher(
    "zero1", "DeepSpeed ZeRO 1",
    "Each process holds the whole model, and of the optimizer's state only its part."
    " For training all weights; an adapter is so small that sharing it out saves next to nothing.",
    several=True, shares=True, machines=False, zero_stage=1, techniques=_PROVEN, why_not=_WHY_NOT,
)  # fmt: skip
ZERO2 = Launcher(
    "zero2", "DeepSpeed ZeRO 2",
    "Like ZeRO 1, and of the gradients as well each process keeps only its part.",
    several=True, shares=True, machines=False, zero_stage=2, techniques=_PROVEN, why_not=_WHY_NOT,
)  # fmt: skip
ZERO3 = Launcher(
    "zero3", "DeepSpeed ZeRO 3",
    "Like ZeRO 2, and of the model as well each process keeps only a part of every layer and borrows the rest while it is at work."
    " For a model that does not fit once for each process; slower than with a whole model each, the result is the same.",
    several=True, shares=True, splits_layers=True, zero_stage=3, techniques=("lora", "dora"),
    why_not=f"{_WHY_NOT} Weights kept as 4 bits give wrong gradients without any error when layers are split.",
    environment={"THP_MEM_ALLOC_ENABLE": "1"},
)  # fmt: skip
