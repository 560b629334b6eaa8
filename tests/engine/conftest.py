"""One tiny model, one trained run and one export, shared by the tests of the engine."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from phitune_gui.core import events as e
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.job import ExportJob, Request, TrainJob, job_to_json
from phitune_gui.core.names import JOB_FILE, RECIPE_FILE
from phitune_gui.core.plan import Plan
from phitune_gui.core.recipe import DataSection, DataSource, ModelSection, Recipe, TechniqueSection, TrainingSection
from phitune_gui.store.models import read_model
from phitune_gui.store.recipes import recipe_to_yaml
from tests.helpers.tiny_phi3 import write_tiny_phi3

ANSWER = "aye aye"


@dataclass
class Notebook:
    """A reporter that remembers; `asked(step)` gives the requests that arrive after that step."""

    folder: Path
    asked: Callable[[int], list[Request]] = lambda _step: []
    events: list[e.Event] = field(default_factory=list)

    def emit(self, event: e.Event) -> None:
        self.events.append(event)

    def poll(self) -> list[Request]:
        return self.asked(len(self.all(e.StepLogged)))

    def all(self, kind: type) -> list:
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> BaseModel:
    found = read_model(write_tiny_phi3(tmp_path_factory.mktemp("models") / "tiny"))
    assert found.usable, found.reason
    return found


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "rows.jsonl"
    rows = [{"question": f"Captain, what about {'a' * (number % 5)} {number}?", "answer": ANSWER} for number in range(40)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def a_job(model: BaseModel, data: Path, **training: object) -> TrainJob:
    """A LoRA job on the tiny model."""
    fields = {"epochs": 8, "micro_batch_size": 4, "learning_rate": 2e-2, "threads": 1, "dtype": "float32", **training}
    recipe = Recipe(
        model=ModelSection(path=model.path),
        data=DataSection(sources=(DataSource(path=str(data)),), max_length=128),
        technique=TechniqueSection.model_validate({"id": "lora", "rank": 4}),
        training=TrainingSection.model_validate(fields),
    )
    return TrainJob(recipe=recipe, plan=Plan(), base_model=model)


def in_folder(job: TrainJob, folder: Path) -> Path:
    """A run folder as the launcher makes it."""
    folder.mkdir(parents=True)
    (folder / JOB_FILE).write_text(job_to_json(job), "utf-8")
    (folder / RECIPE_FILE).write_text(recipe_to_yaml(job.recipe), "utf-8")
    return folder


@pytest.fixture(scope="session")
def trained(model: BaseModel, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Notebook:
    """A finished run with its events."""
    from phitune_gui.engine.train import run_training

    job = a_job(model, data)
    notebook = Notebook(in_folder(job, tmp_path_factory.mktemp("runs") / "run"))
    notebook.emit(run_training(job, notebook))
    return notebook


@pytest.fixture(scope="session")
def exported(trained: Notebook, tmp_path_factory: pytest.TempPathFactory) -> Notebook:
    """A float32 ONNX export of that run, in `folder / "out"`."""
    from phitune_gui.engine.export import run_export

    folder = tmp_path_factory.mktemp("export")
    notebook = Notebook(folder)
    notebook.emit(run_export(ExportJob(run=str(trained.folder), target="onnx-cpu-fp32", out=str(folder / "out")), notebook))
    return notebook
