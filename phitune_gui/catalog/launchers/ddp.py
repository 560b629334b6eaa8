"""Several processes on this machine, each with the whole model and rows of its own."""

from phitune_gui.catalog.launchers.launcher import Launcher

DDP = Launcher(
    "ddp", "Several processes",
    "Each process holds the whole model and learns from rows of its own; after every step they add up what they found.",
    several=True,
    when="For several GPUs, or for many cores, when the model fits once for each.",
)  # fmt: skip
