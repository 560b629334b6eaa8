"""One process on this machine."""

from phitune_gui.catalog.launchers.launcher import Launcher

SINGLE = Launcher("single", "This process", "One process on this machine does all the work.", several=False)
