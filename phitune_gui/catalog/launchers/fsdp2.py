"""Several processes on this machine that share the frozen model: each keeps a part of every layer."""

from phitune_gui.catalog.launchers.launcher import Launcher

FSDP2 = Launcher(
    "fsdp2", "Several processes, one model",
    "Each process keeps a part of every frozen layer and borrows the rest while that layer is at work.",
    several=True, splits_layers=True,
    when="For a model that does not fit once for each process; slower than with a whole model each, the result is the same.",
    techniques=("lora", "rslora", "dora", "ia3", "vera", "loha", "lokr", "oft", "boft"),
    why_not="Only what was shown to learn the same as in one process is let in: weights kept as 4 bits, for one, give wrong gradients"
            " without any error when layers are split.",
    time_factor=1.5,  # a step of 512 tokens took 17 s, with ddp 11 s
    # Each layer is allocated anew whenever it is put together; with pages of 2 MB torch needed 4.4 seconds of processor time, not 7.9.
    environment={"THP_MEM_ALLOC_ENABLE": "1"},
)  # fmt: skip
