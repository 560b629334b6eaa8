"""A run knows the exports made of it, also those that lie elsewhere; a run that cannot be written to is exported all the same."""

import shutil
from pathlib import Path

import pytest

from phitune_gui.core import events as e
from phitune_gui.core.job import ExportJob
from phitune_gui.core.names import EVENTS_FILE, LOCK_FILE
from phitune_gui.core.run import Run, apply_all
from phitune_gui.engine.export import run_export
from phitune_gui.files.lock import Lock
from phitune_gui.store.exports import exports_of
from phitune_gui.store.runs import read_events
from tests.engine.conftest import Notebook

pytestmark = pytest.mark.engine


@pytest.fixture
def run(trained: Notebook, tmp_path: Path) -> Path:
    """A finished run whose events are in its folder, as its worker writes them."""
    folder = tmp_path / "run"
    shutil.copytree(trained.folder, folder)
    began = e.AttemptBegan(attempt=1, from_step=0, pid=1, at=1.0)
    (folder / EVENTS_FILE).write_bytes(b"".join(map(e.event_to_line, [began, *trained.events])))
    return folder


def _export(run: Path, out: Path) -> Notebook:
    notebook = Notebook(out.parent)
    run_export(ExportJob(run=str(run), target="merged", out=str(out)), notebook)
    return notebook


def test_an_export_elsewhere_is_listed_with_its_run_and_changes_nothing_else(run: Path, tmp_path: Path) -> None:
    before = apply_all(Run(), read_events(run))

    notebook = _export(run, tmp_path / "elsewhere")

    after = apply_all(Run(), read_events(run))
    (listed,) = exports_of(run, after)
    assert listed.path == str(tmp_path / "elsewhere")
    assert listed.report == notebook.all(e.Verified)[0].report
    assert after.model_copy(update={"exports": (), "last_at": before.last_at, "told_at": before.told_at}) == before
    assert Lock(run / LOCK_FILE).acquire()


def test_a_run_that_is_being_worked_on_is_left_alone(run: Path, tmp_path: Path) -> None:
    worker, before = Lock(run / LOCK_FILE), (run / EVENTS_FILE).read_bytes()
    assert worker.acquire()
    try:
        notebook = _export(run, tmp_path / "elsewhere")
    finally:
        worker.release()

    assert "does not list this export" in notebook.all(e.Warned)[-1].message
    assert (run / EVENTS_FILE).read_bytes() == before


def test_a_run_that_cannot_be_written_to_is_exported_all_the_same(run: Path, tmp_path: Path) -> None:
    (run / EVENTS_FILE).unlink()
    (run / EVENTS_FILE).mkdir()

    notebook = _export(run, tmp_path / "elsewhere")

    assert notebook.all(e.Exported)[0].path == str(tmp_path / "elsewhere")
    assert "does not list this export" in notebook.all(e.Warned)[-1].message
