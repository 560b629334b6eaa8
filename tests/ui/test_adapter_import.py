"""Adapters from elsewhere in the window: dropped, judged by a real worker, shown with the verdict, and trained on."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QFileDialog, QLabel, QWidget
from safetensors.torch import load_file

from phitune_gui.core.base_model import BaseModel
from phitune_gui.store.models import read_model
from phitune_gui.store.paths import runs_folder
from phitune_gui.ui.drops import understand
from phitune_gui.ui.main_window import MainWindow
from phitune_gui.ui.pages.export_page import ExportPage
from phitune_gui.ui.pages.runs_page import RunsPage
from phitune_gui.ui.pages.train_page import TrainPage
from phitune_gui.ui.pages.tune_page import TunePage
from phitune_gui.ui.tables.runs_model import Column
from phitune_gui.ui.training_worker import TrainingWorker
from tests.helpers.peft_adapter import peft_adapter
from tests.helpers.tiny_phi3 import write_tiny_phi3
from tests.ui.conftest import until
from tests.ui.test_window import drop

Live = Callable[..., Any]
SHORT = {"training.max_steps": 1, "training.learning_rate": 1e-9, "training.warmup_steps": 0, "training.threads": 1, "data.max_length": 128}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> BaseModel:
    return read_model(write_tiny_phi3(tmp_path_factory.mktemp("models") / "tiny"))


@pytest.fixture(scope="module")
def adapter(model: BaseModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return peft_adapter(model, tmp_path_factory.mktemp("elsewhere") / "pirate", r=4)


def press(button: QAbstractButton) -> None:
    """A click in the middle."""
    assert button.isVisible()
    assert button.isEnabled()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def said(widget: QWidget) -> str:
    """Every word that is shown."""
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if label.isVisible())


def at_work(window: MainWindow) -> bool:
    """Whether the process that judges is still there."""
    return window.session._import is not None


async def imported(window: MainWindow, model: BaseModel, adapter: Path) -> RunsPage:
    """The Runs page with the verdict on the adapter, which was let go over the window."""
    window.session.probe_hardware()
    window.session.choose_model(model.path)
    drop(window, adapter)
    page = window.findChild(RunsPage)
    assert isinstance(page, RunsPage)
    assert window.page == "runs"
    await until(lambda: not at_work(window) and page.imported.verdict.isVisible(), 120)
    return page


def test_an_adapter_that_is_dropped_or_named_is_told_from_a_dataset_and_a_model(adapter: Path, model: BaseModel, tmp_path: Path) -> None:
    assert understand(adapter).kind == understand(adapter / "adapter_config.json").kind == "adapter"
    assert understand(adapter / "adapter_model.safetensors").paths == (adapter,)
    (tmp_path / "adapter_config.json").write_text("{}", "utf-8")
    (tmp_path / "config.json").write_text("{}", "utf-8")
    assert understand(tmp_path).kind == "adapter"
    (tmp_path / "model.safetensors").touch()
    assert understand(tmp_path).kind == "model"
    assert understand(Path(model.path)).kind == "model"


def test_without_a_model_the_window_asks_for_it_first(live: Live, adapter: Path) -> None:
    async def story(window: MainWindow) -> None:
        window.session.open_paths([adapter])
        assert window.page == "model"
        assert "no model is chosen yet" in said(window.refusal)
        assert window.session.import_run is None

    live(story)


def test_a_usable_adapter_becomes_a_run_that_is_trained_on(live: Live, model: BaseModel, adapter: Path) -> None:
    async def story(window: MainWindow) -> None:
        session = window.session
        page = await imported(window, model, adapter)
        facts = dict(page.imported.facts.pairs)
        assert facts["Technique"] == "LoRA · rank 4"
        assert facts["Layers"].startswith(f"{4 * model.layers} ")
        assert facts["Imported from"] == str(adapter)
        await until(lambda: page.table.model().rowCount() == 1)
        assert page.table.model().index(0, Column.STATE).data() == "imported"
        before = session.recipe
        press(page.imported.verdict.buttons["train_on"])
        await until(lambda: window.page == "tune")
        folder = session.runs[0].path
        assert session.recipe.model.adapter == str(folder)
        assert (session.recipe.technique.id, session.recipe.technique.options["rank"]) == ("lora", 4)
        tune = window.findChild(TunePage)
        assert isinstance(tune, TunePage)
        assert "goes on from the adapter of pirate" in said(tune.start)
        session.undo()
        assert session.recipe == before
        assert not tune.start.isVisible()
        session.redo()
        press(tune.start.afresh)
        assert session.recipe.model.adapter == ""
        assert session.recipe.technique.options["rank"] == 4

    live(story)


def test_the_verdict_leads_to_export_and_can_be_put_away(live: Live, model: BaseModel, adapter: Path) -> None:
    async def story(window: MainWindow) -> None:
        page = await imported(window, model, adapter)
        press(page.imported.verdict.buttons["export"])
        await until(lambda: window.session.run_folder is not None)
        assert window.page == "export"
        export = window.findChild(ExportPage)
        assert isinstance(export, ExportPage)
        await until(lambda: export.start.isEnabled())
        window.show_page("runs")
        press(page.imported.verdict.buttons["close"])
        assert not page.imported.isVisible()

    live(story)


def test_a_refused_adapter_says_why_and_leaves_nothing_behind(
    live: Live, model: BaseModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    larger = read_model(write_tiny_phi3(tmp_path / "larger", hidden_size=128, num_attention_heads=8))
    other = peft_adapter(larger, tmp_path / "of-a-larger-model", r=4)
    asked: list[str] = []

    def choose(*_arguments: object) -> str:
        asked.append("folder")
        return ""

    monkeypatch.setattr(QFileDialog, "getExistingDirectory", choose)

    async def story(window: MainWindow) -> None:
        page = await imported(window, model, other)
        assert "of-a-larger-model cannot be used with this model" in said(page.imported)
        assert "[128, 4]" in said(page.imported)
        assert not page.imported.facts.isVisible()
        press(page.imported.verdict.buttons["again"])
        press(page.imported.verdict.buttons["model"])
        assert window.page == "model"

    live(story)
    assert asked == ["folder"]
    assert not runs_folder().exists() or not any(runs_folder().iterdir())


def test_the_plan_refuses_another_technique_and_another_model(live: Live, model: BaseModel, adapter: Path, tmp_path: Path) -> None:
    other = write_tiny_phi3(tmp_path / "deeper", num_hidden_layers=3)

    async def story(window: MainWindow) -> None:
        session = window.session
        session.probe_hardware()
        session.choose_model(model.path)
        window.show_page("tune")
        tune = window.findChild(TunePage)
        assert isinstance(tune, TunePage)
        session.set_value("model.adapter", str(adapter))
        await until(lambda: any("rank 4" in problem.what for problem in session.plan.problems))
        assert session.plan.blocked
        assert "rank 4" in said(tune.start)
        press(tune.start.take)
        await until(lambda: not any("rank 4" in problem.what for problem in session.plan.problems))
        assert not tune.start.take.isVisible()
        session.choose_model(other)
        await until(lambda: any(problem.where == "model.adapter" for problem in session.plan.problems))
        assert "cannot be used" in said(tune.start)

    live(story)


def test_training_goes_on_from_an_imported_adapter(live: Live, model: BaseModel, adapter: Path, tmp_path: Path) -> None:
    rows = [{"question": f"What is {number} and one?", "answer": "aye aye"} for number in range(12)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    begun = load_file(adapter / "adapter_model.safetensors")

    async def story(window: MainWindow) -> None:
        session = window.session
        page = await imported(window, model, adapter)
        await until(lambda: session.runs)
        session.open_run(str(session.runs[0].path))
        await until(lambda: (train := window.findChild(TrainPage)) is not None and "taken over from" in said(train))
        train = window.findChild(TrainPage)
        assert isinstance(train, TrainPage)
        assert not train.loss.isVisible()
        press(train.outcome.buttons["train_on"])
        await until(lambda: session.recipe.model.adapter and session.start is not None)
        session.add_data([tmp_path / "rows.jsonl"])
        for name, value in SHORT.items():
            session.set_value(name, value)
        await until(lambda: session.can_start, 60)
        session.start_run()
        await until(lambda: session.run is not None and session.run.ended and not session.is_training, 120)
        assert session.run is not None
        assert session.run.failure is None
        assert session.run_folder is not None
        ended = load_file(session.run_folder / "adapter" / "adapter_model.safetensors")
        assert all(torch.allclose(begun[name], ended[name], atol=1e-6) for name in begun)
        assert page.imported.verdict.isVisibleTo(page)
        await until(lambda: all(worker.isFinished() for worker in session.findChildren(TrainingWorker)))

    live(story)


def test_a_window_that_closes_ends_the_import(live: Live, model: BaseModel, adapter: Path) -> None:
    async def story(window: MainWindow) -> None:
        window.session.open_paths([Path(model.path), adapter])
        await until(lambda: at_work(window))

    live(story)


def test_an_import_can_be_cancelled(live: Live, model: BaseModel, adapter: Path) -> None:
    async def story(window: MainWindow) -> None:
        session = window.session
        session.open_paths([adapter, Path(model.path)])  # the model first, though it was named last
        page = window.findChild(RunsPage)
        assert isinstance(page, RunsPage)
        assert page.imported.progress.isVisible()
        assert not page.import_adapter.isEnabled()
        await until(lambda: at_work(window))
        press(page.imported.progress.cancel)
        await until(lambda: session.import_run is None, 120)
        assert not page.imported.isVisible()
        assert "cancelled" in session.status

    live(story)
    assert not runs_folder().exists() or not any(runs_folder().iterdir())


def test_the_window_asks_for_the_folder(live: Live, model: BaseModel, adapter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_arguments: str(adapter))

    async def story(window: MainWindow) -> None:
        window.show_page("runs")
        page = window.findChild(RunsPage)
        assert isinstance(page, RunsPage)
        press(page.empty.buttons["import"])
        assert window.page == "model"
        window.session.choose_model(model.path)
        window.show_page("runs")
        press(page.empty.buttons["import"])
        assert page.imported.progress.isVisible()
        assert adapter.name in said(page.imported)

    live(story)
