"""The command of the other machines: train along in a run that began elsewhere."""

import re
from functools import partial
from pathlib import Path

from phitune_gui.cli.follow import start_and_follow
from phitune_gui.cli.output import say, write_json
from phitune_gui.core.address import read_address
from phitune_gui.core.job import JoinJob
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.recipe import MOST_MACHINES
from phitune_gui.jobs.launch import start_job
from phitune_gui.jobs.network import why_unknown

_KEY = re.compile("[!-~]+")


def join_run(job: JoinJob, as_json: bool) -> int:
    """Wait at the address, train to the end, and say how it went; what was learned is kept on the first machine."""
    run = start_and_follow(partial(start_job, job), as_json)
    if as_json:
        write_json({"state": run.state, "steps": run.step, "final_loss": run.final_loss})
    elif run.state == "stopped" and not run.step:
        say("Stopped before the training began.")
    else:
        say(f"Trained along for {run.step} steps. The result is on the first machine.", "bold")
    return 0


def join_job(address: str, machine: int, key: str, model: Path | None, data: list[Path], validation: Path | None) -> JoinJob:
    """The job, its paths made absolute because the worker lives in another folder. Raises CannotStart for what is no invitation."""
    _require_invitation(address, machine, key)
    return JoinJob(
        address=address, machine=machine, key=key, model=str(model.absolute()) if model else "",
        data=tuple(str(path.absolute()) for path in data), validation=str(validation.absolute()) if validation else "",
    )  # fmt: skip


def _require_invitation(address: str, machine: int, key: str) -> None:
    copy = "Copy the command that the first machine shows."
    if machine == 1:
        what = "Machine 1 is the first machine, and nothing is joined there: it is where phitune train was typed."
        raise CannotStart("--machine", what, f"{copy} It is for machine 2 or a later one.")
    if not 2 <= machine <= MOST_MACHINES:
        raise CannotStart("--machine", f"There is no machine {machine}: the others are numbered from 2 to {MOST_MACHINES}.", copy)
    try:
        place = read_address(address)
    except ValueError as error:
        raise CannotStart("ADDRESS", str(error), copy) from error
    if not _KEY.fullmatch(key):
        raise CannotStart("--key", f"{key!r} is no key." if key else "The key is empty.", copy)
    if why := why_unknown(place):
        fix = "Look at its spelling, or give the number of that machine, such as 192.168.1.5."
        raise CannotStart("ADDRESS", f"This machine cannot find one of the name {place.host}: {why}.", fix)
