"""A run folder of an older version of the program goes on to the same weights, or is refused with a sentence."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from phitune_gui.core.events import event_from_line
from phitune_gui.core.job import TrainJob, job_from_json
from phitune_gui.core.names import COMPARED_ROWS_FILE, EVENTS_FILE, JOB_FILE, PLAN_FILE, RECIPE_FILE
from phitune_gui.core.plan import Plan
from phitune_gui.engine.checkpoints import NOTE_FILE
from phitune_gui.files.manifest import MANIFEST_FILE, write_manifest
from phitune_gui.jobs.control import send
from phitune_gui.store.recipes import load_recipe
from tests.helpers.commands import phitune
from tests.integration.test_launchers import at_step, in_background, recipe, train
from tests.integration.test_split_layers import ADAPTER

__all__ = ["recipe"]

pytestmark = [pytest.mark.engine, pytest.mark.slow]

LENGTH = ("training.max_steps=60", "training.epochs=100", "training.save_steps=10")


@pytest.fixture(scope="module")
def original(recipe: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real run that was stopped on its way."""
    home = tmp_path_factory.mktemp("original")
    with in_background(recipe, home, *LENGTH) as result:
        run = at_step(home / "runs", 12)
        send(run, "stop", "stop")
    assert result["state"] == "stopped"
    return run


@pytest.fixture
def stopped(original: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(original, tmp_path / "runs" / original.name))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def change(file: Path, **fields: Any) -> None:
    """Put these fields into a JSON file; None takes one out."""
    document = {**json.loads(file.read_text("utf-8")), **fields}
    file.write_text(json.dumps({name: value for name, value in document.items() if value is not None}), "utf-8")


def without_what_is_new(run: Path) -> None:
    """Leave out every field that a file may lack: a field that came later has a default, and what an older version wrote lacks it."""
    job = job_from_json((run / JOB_FILE).read_text("utf-8"))
    assert isinstance(job, TrainJob)
    written = job.model_dump(mode="json", exclude_defaults=True)
    del written["recipe"]["technique"]["model_blocks"]
    (run / JOB_FILE).write_text(json.dumps({"job": "train", **written}) + "\n", "utf-8")
    plan = Plan.model_validate_json((run / PLAN_FILE).read_text("utf-8"))
    (run / PLAN_FILE).write_text(json.dumps(plan.model_dump(mode="json", exclude_defaults=True)), "utf-8")
    written = load_recipe(run / RECIPE_FILE).model_dump(mode="json", exclude_defaults=True)
    del written["technique"]["model_blocks"]
    YAML().dump({"schema_version": 1, **written}, run / RECIPE_FILE)
    events = [event_from_line(line) for line in (run / EVENTS_FILE).read_bytes().splitlines()]
    later = {"other_programs_seconds"}
    old = [{"event": event.event, **event.model_dump(mode="json", exclude=later, exclude_defaults=True)} for event in events]
    (run / EVENTS_FILE).write_text("".join(json.dumps(event) + "\n" for event in old), "utf-8")
    (run / COMPARED_ROWS_FILE).unlink()
    for manifest in run.glob(f"checkpoints/*/{MANIFEST_FILE}"):
        lines = manifest.read_text("utf-8").splitlines(keepends=True)
        manifest.write_text("".join(line for line in lines if not line.startswith("#")), "utf-8")
    assert "other_programs_seconds" not in (run / EVENTS_FILE).read_text("utf-8")
    assert "model_blocks" not in (run / JOB_FILE).read_text("utf-8")


def test_a_run_without_the_fields_that_came_later_ends_with_the_same_weights(recipe: Path, home: Path, stopped: Path) -> None:
    whole = train(recipe, *LENGTH)
    without_what_is_new(stopped)

    shown = phitune("show", str(stopped), home=home)
    resumed = phitune("resume", str(stopped), home=home)

    assert shown["run"]["state"] == "stopped"
    assert (resumed["state"], resumed["steps"]) == ("finished", 60)
    assert 12 <= resumed["from_step"] < 60
    assert resumed["final_loss"] == whole["final_loss"]
    assert (stopped / ADAPTER).read_bytes() == (Path(whole["run"]) / ADAPTER).read_bytes()


@pytest.mark.parametrize("field", ["rows_per_step", "evaluations", "of_the_future"])
def test_a_checkpoint_that_says_less_or_more_about_itself_is_refused(home: Path, stopped: Path, field: str) -> None:
    checkpoint = sorted((stopped / "checkpoints").iterdir())[-1]
    change(checkpoint / NOTE_FILE, **{field: 1 if field == "of_the_future" else None})
    (checkpoint / MANIFEST_FILE).unlink()
    write_manifest(checkpoint)

    error = phitune("resume", str(stopped), home=home, code=1)["error"]

    assert error["what"].startswith(f"The checkpoint {checkpoint.name} was written by another version of PhiTune")
    assert error["how_to_fix"].startswith("Go on with the version that wrote it, or start a new run from its recipe.")
    assert checkpoint.exists()


def test_an_order_with_a_setting_that_is_gone_is_refused(home: Path, stopped: Path) -> None:
    job = json.loads((stopped / JOB_FILE).read_text("utf-8"))
    job["recipe"]["training"]["packing"] = False
    (stopped / JOB_FILE).write_text(json.dumps(job), "utf-8")

    error = phitune("resume", str(stopped), home=home, code=2)["error"]

    assert error["what"] == f"The order that started the run {stopped.name} cannot be read."


def test_an_option_of_the_technique_that_is_gone_is_refused_by_name(home: Path, stopped: Path) -> None:
    job = json.loads((stopped / JOB_FILE).read_text("utf-8"))
    job["recipe"]["technique"]["butterfly_steps"] = 1
    (stopped / JOB_FILE).write_text(json.dumps(job), "utf-8")

    error = phitune("resume", str(stopped), home=home, code=1)["error"]

    assert "butterfly_steps" in f"{error['where']} {error['what']}"
