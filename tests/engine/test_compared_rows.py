"""What exports are compared on: kept before the first step, and never called held out when that is not known."""

import json
import shutil
from pathlib import Path

import pytest

from phitune_gui.core import events as e
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.job import ExportJob, StopRequest
from phitune_gui.core.names import COMPARED_ROWS_FILE, EVENTS_FILE
from phitune_gui.core.problem import CannotStart
from phitune_gui.data.training_rows import training_rows
from phitune_gui.engine.compared_rows import HELD_OUT, LEARNED, choose_rows
from phitune_gui.engine.export import run_export
from phitune_gui.engine.train import run_training
from tests.engine.conftest import Notebook, a_job, in_folder

pytestmark = pytest.mark.engine


@pytest.fixture
def rows(data: Path, tmp_path: Path) -> Path:
    """A dataset file that may be changed."""
    return Path(shutil.copyfile(data, tmp_path / "rows.jsonl"))


@pytest.fixture
def run(model: BaseModel, rows: Path, tmp_path: Path) -> Path:
    """A short finished run on `rows`, with its events."""
    job = a_job(model, rows, max_steps=2)
    notebook = Notebook(in_folder(job, tmp_path / "run"))
    run_training(job, notebook)
    (notebook.folder / EVENTS_FILE).write_bytes(b"".join(map(e.event_to_line, notebook.events)))
    return notebook.folder


def _why(run: Path, out: Path) -> tuple[str, str]:
    """The reason of the verdict and the last warning."""
    notebook = Notebook(out.parent)
    run_export(ExportJob(run=str(run), target="merged", out=str(out)), notebook)
    warnings = notebook.all(e.Warned)
    return notebook.all(e.Verified)[0].report.why, warnings[-1].message if warnings else ""


def _others(rows: Path) -> None:
    answers = [{"question": f"Who is {number}?", "answer": "someone else"} for number in range(40)]
    rows.write_text("".join(json.dumps(row) + "\n" for row in answers), "utf-8")


def test_the_rows_lie_in_the_run_before_the_first_step(model: BaseModel, data: Path, tmp_path: Path) -> None:
    job = a_job(model, data, max_steps=2)
    found: list[bool] = []

    def look(_step: int) -> list[StopRequest]:
        if notebook.all(e.TrainingBegan):
            found.append((tmp_path / "run" / COMPARED_ROWS_FILE).is_file())
        return []

    notebook = Notebook(in_folder(job, tmp_path / "run"), look)
    run_training(job, notebook)

    assert found
    assert all(found)


def test_an_export_needs_the_data_no_more(run: Path, rows: Path, tmp_path: Path) -> None:
    before, _warning = _why(run, tmp_path / "before")
    rows.rename(tmp_path / "renamed.jsonl")

    after, warning = _why(run, tmp_path / "after")

    assert before == after
    assert "4 held-out texts" in after
    assert warning == ""


def test_other_rows_at_the_same_place_are_not_taken_for_the_held_out_ones(run: Path, rows: Path, tmp_path: Path) -> None:
    before, _warning = _why(run, tmp_path / "before")
    _others(rows)

    assert _why(run, tmp_path / "after")[0] == before


def test_an_older_run_with_the_same_data_reads_it_again(run: Path, tmp_path: Path) -> None:
    before, _warning = _why(run, tmp_path / "before")
    (run / COMPARED_ROWS_FILE).unlink()

    assert _why(run, tmp_path / "after")[0] == before


@pytest.mark.parametrize("knows_its_data", [True, False])
def test_an_older_run_with_other_data_does_not_call_it_held_out(run: Path, rows: Path, tmp_path: Path, knows_its_data: bool) -> None:
    (run / COMPARED_ROWS_FILE).unlink()
    if knows_its_data:
        _others(rows)
    else:
        (run / EVENTS_FILE).unlink()

    why, warning = _why(run, tmp_path / "out")

    assert f"in 4 texts that lie in {rows} now and are not known to be held out: first" in why
    assert f"compared on 4 texts that lie in {rows} now and are not known to be held out" in warning


def test_an_older_run_without_its_data_is_refused_in_sentences(run: Path, rows: Path, tmp_path: Path) -> None:
    (run / COMPARED_ROWS_FILE).unlink()
    rows.unlink()

    with pytest.raises(CannotStart) as refusal:
        _why(run, tmp_path / "out")

    assert str(rows) in refusal.value.problem.what
    assert "so its data is needed" in refusal.value.problem.what
    assert not (tmp_path / "out").exists()


def test_a_validation_row_that_is_learned_too_is_not_held_out(model: BaseModel, data: Path, tmp_path: Path) -> None:
    own = tmp_path / "validation.jsonl"
    learned = data.read_text("utf-8").splitlines()[:5]
    new = json.dumps({"question": "And new?", "answer": "aye aye"})

    def chosen(lines: list[str]) -> tuple[str, int]:
        own.write_text("\n".join(lines) + "\n", "utf-8")
        recipe = a_job(model, data).recipe
        section = recipe.data.model_copy(update={"validation": recipe.data.validation.model_copy(update={"path": str(own)})})
        compared = choose_rows(training_rows(recipe.model_copy(update={"data": section}), model))
        return compared.source, len(compared.rows)

    assert chosen([*learned, new]) == (HELD_OUT, 1)
    assert chosen(learned) == (LEARNED, 24)
