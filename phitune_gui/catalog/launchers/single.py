"""One process on this machine."""

from phitune_gui.catalog.launchers.launcher import Launcher

SINGLE = Launcher(
    "single", "One process", "One process on this machine does all the work.", several=False,
    when="Almost always: the simplest way, and on a CPU it uses every core as well.",
)  # fmt: skip
