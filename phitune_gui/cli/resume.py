"""The command that goes on with a run which was stopped, paused or broken off."""

from phitune_gui.cli.follow import Interrupted, follow
from phitune_gui.cli.interrupts import counted_interrupts
from phitune_gui.cli.output import say, write_json
from phitune_gui.cli.run_words import figures
from phitune_gui.cli.train import after_interruption, tell
from phitune_gui.jobs.launch import start_again
from phitune_gui.jobs.resume import next_attempt
from phitune_gui.store.runs import find_run


def resume_run(name: str, detach: bool, as_json: bool) -> int:
    """Train on from the newest whole checkpoint, in the same folder, to the end; with `detach` return at once."""
    folder = find_run(name)
    job = next_attempt(folder)
    from_step = job.from_step
    if detach:
        supervisor = start_again(job, folder)
        if as_json:
            write_json({"run": str(supervisor.folder), "state": "starting", "from_step": from_step})
        else:
            say(f"Training goes on from step {from_step} in {supervisor.folder}; phitune show and phitune stop follow it.")
        return 0
    if not as_json:
        say(f"Going on from the checkpoint of step {from_step}.")
    with counted_interrupts():
        supervisor = start_again(job, folder)
        try:
            run = follow(supervisor, quiet=as_json)
        except Interrupted as interruption:
            return after_interruption(supervisor, interruption.run, as_json)
    if as_json:
        write_json({**figures(supervisor.folder, run), "from_step": from_step})
    else:
        tell(supervisor.folder, run, as_json=False)
    return 0
