"""Several processes on this machine that share out optimizer state (ZeRO stage 1) and gradients too (stage 2), by DeepSpeed."""

from phitune_gui.catalog.launchers.launcher import Launcher

# Stage 3 is not here: nothing has been shown to learn the same under it as in one process, and files and judging would have to gather
# the weights first.
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
