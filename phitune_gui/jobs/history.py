"""The runs of this machine with their true state: a run whose worker died unseen gets its ending first."""

from dataclasses import replace
from pathlib import Path

from phitune_gui.jobs.endings import settle
from phitune_gui.store.runs import RunRecord, list_runs, open_run


def settled_runs() -> list[RunRecord]:
    """Every readable run, newest first."""
    return [_settled(record) for record in list_runs()]


def settled_run(folder: Path) -> RunRecord:
    """One run. Raises CannotStart when the folder holds none."""
    return _settled(open_run(folder))


def _settled(record: RunRecord) -> RunRecord:
    return replace(record, run=settle(record.path, record.run))
