"""This machine's part of a run that another machine began."""

from collections.abc import Callable
from pathlib import Path

from phitune_gui.core import events as e
from phitune_gui.core import names
from phitune_gui.core.job import JoinJob, Request, job_to_json
from phitune_gui.files.atomic import write_text
from phitune_gui.worker.company import company
from phitune_gui.worker.reporter import FolderReporter


class _Beside:
    """Says how the training goes here too; what is asked of it is asked on the first machine."""

    def __init__(self, reporter: FolderReporter) -> None:
        self.folder: Path = reporter.folder
        self.emit = reporter.emit

    def poll(self) -> list[Request]:
        """Nothing: the first process tells what was asked."""
        return []


def join_training(job: JoinJob, reporter: FolderReporter, lost: Callable[[str], None]) -> e.Event:
    """Wait for the first machine's order, then train with it to the end. Raises what training raises."""
    from phitune_gui.engine.joining import attend
    from phitune_gui.engine.reporting import Stopped

    try:
        order, rows = attend(job, reporter)
    except Stopped:
        return e.JobFinished(stopped_early=True)
    write_text(reporter.folder / names.JOB_FILE, job_to_json(order) + "\n")  # read by this machine's other processes
    (reporter.folder / names.CHECKPOINTS_FOLDER).mkdir(exist_ok=True)
    with company(reporter.folder, order.recipe.launcher, lost, job.machine):
        from phitune_gui.engine.train import run_training

        return run_training(order, _Beside(reporter), rows)
