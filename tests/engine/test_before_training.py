"""While rows become tokens a run says how far it is, ends at once when it is to stop, and keeps other requests for its first step."""

import json
from pathlib import Path

import pytest

from phitune_gui.core import events as e
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.job import Request, StopRequest
from phitune_gui.engine.train import run_training
from tests.engine.conftest import Notebook, a_job, in_folder

pytestmark = pytest.mark.engine
ROWS = 12_000


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("many") / "rows.jsonl"
    path.write_text("".join(json.dumps({"question": f"And {number}?", "answer": "aye"}) + "\n" for number in range(ROWS)), "utf-8")
    return path


def test_a_stop_among_the_rows_ends_the_run_before_the_model_is_loaded(model: BaseModel, many: Path, tmp_path: Path) -> None:
    job = a_job(model, many, max_steps=1)
    told: list[float] = []

    def stop(_step: int) -> list[Request]:
        progress = [event.done for event in notebook.all(e.Progressed)]
        if not progress:
            return []
        told.append(progress[-1])
        return [StopRequest(request="stop", id="s", at=0.0)]

    notebook = Notebook(in_folder(job, tmp_path / "run"), stop)
    ending = run_training(job, notebook)

    assert ending == e.JobFinished(stopped_early=True)
    assert [each.id for each in notebook.all(e.Acknowledged)] == ["s"]
    assert 0 < told[0] < ROWS
    assert not notebook.all(e.DatasetInspected)
    assert [stage.stage for stage in notebook.all(e.StageBegan)] == ["tokenizing"]


def test_a_pause_among_the_rows_waits_for_the_first_step(model: BaseModel, many: Path, tmp_path: Path) -> None:
    job = a_job(model, many, max_steps=3)
    asked: list[bool] = []

    def pause(_step: int) -> list[Request]:
        if asked or not notebook.all(e.StageBegan):
            return []
        asked.append(bool(notebook.all(e.DatasetInspected)))
        return [StopRequest(request="pause", id="p", at=0.0)]

    notebook = Notebook(in_folder(job, tmp_path / "run"), pause)
    ending = run_training(job, notebook)

    assert asked == [False]
    assert ending == e.Paused(step=1)
    assert [each.id for each in notebook.all(e.Acknowledged)] == ["p"]
