"""Whether several machines can meet: the address that the recipe names, and what it opens to the network."""

from collections.abc import Iterator

from phitune_gui.catalog.launchers import Launcher
from phitune_gui.core.address import read_address
from phitune_gui.core.problem import Problem
from phitune_gui.core.recipe import LauncherSection


def check_machines(launcher: LauncherSection, chosen: Launcher) -> Iterator[Problem]:
    """An address is needed for several machines, has no meaning for one, and who is in that network can read what is exchanged."""
    where = "launcher.rendezvous"
    if launcher.nodes == 1:
        if launcher.rendezvous:
            yield Problem(
                severity="advice", where=where,
                what=f"{where} is {launcher.rendezvous}, but only one machine trains, so it has no effect.",
                how_to_fix=f"Leave {where} out, or set launcher.nodes to 2 or more.",
            )  # fmt: skip
        return
    if not chosen.machines:
        yield Problem(
            where="launcher.nodes", what=f"{launcher.nodes} machines are asked for, and {chosen.id} was only shown to be right on one.",
            how_to_fix="Set launcher.nodes to 1, or launcher.id to ddp or fsdp2.",
        )  # fmt: skip
        return
    try:
        address = read_address(launcher.rendezvous)
    except ValueError as error:
        what = str(error) if launcher.rendezvous else f"{launcher.nodes} machines are asked for, but not where they meet."
        fix = f"Set {where} to this machine's address and a free port, such as 192.168.1.5:29500."
        yield Problem(where=where, what=what, how_to_fix=fix)
        return
    yield Problem(
        severity="advice", where=where,
        what=f"While this run trains, this machine can be reached at {address}. Nobody joins without the key, but recipe and gradients"
             " cross the network without encryption, and the connections for the gradients ask for no key: others in this network can"
             " read them, change them, or end the run. A machine that is lost ends it on all of them; its newest checkpoint stays.",
        how_to_fix="Do this only in a network that you trust.",
    )  # fmt: skip
