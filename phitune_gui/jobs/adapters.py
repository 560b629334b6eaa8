"""Starting the job that takes over an adapter which was made elsewhere."""

from pathlib import Path

from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.job import ImportJob
from phitune_gui.core.problem import CannotStart
from phitune_gui.data.person_paths import expanded
from phitune_gui.jobs.launch import start_job
from phitune_gui.jobs.supervisor import Supervisor
from phitune_gui.store.paths import require_writable, runs_folder
from phitune_gui.store.runs import free_run_folder


def start_import(source: str | Path, model: BaseModel, runs: Path | None = None, niceness: int = 0) -> Supervisor:
    """Judge the adapter folder for this model in a process of its own. Raises CannotStart when the model cannot be used."""
    if not model.usable:
        raise CannotStart("model.path", model.reason, model.how_to_fix)
    folder = expanded(source).absolute()
    parent = (runs or runs_folder()).absolute()
    require_writable(parent)
    out = free_run_folder(parent, folder.name)
    return start_job(ImportJob(source=str(folder), out=str(out), base_model=model, niceness=niceness))
