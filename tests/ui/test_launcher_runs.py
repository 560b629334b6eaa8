"""Several processes started from the window: real workers on a tiny model, whose events arrive live, to the end or to Stop."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton

from phitune_gui.core.recipe import with_value
from phitune_gui.core.run import apply_all
from phitune_gui.store.recipes import load_recipe
from phitune_gui.store.runs import read_events
from phitune_gui.ui.main_window import MainWindow
from phitune_gui.ui.pages.train_page import TrainPage
from phitune_gui.ui.pages.tune_page import TunePage
from tests.helpers.factories import a_recipe
from tests.helpers.tiny_phi3 import write_tiny_phi3
from tests.ui.conftest import until

pytestmark = [pytest.mark.engine, pytest.mark.skipif(os.name == "nt", reason="gloo over files is not tried on Windows")]
Live = Callable[..., Any]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A tiny model and forty rows."""
    rows = [{"question": f"Captain, {number}?", "answer": "aye " * (3 + number % 9)} for number in range(40)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return write_tiny_phi3(tmp_path / "tiny", max_position_embeddings=2048, original_max_position_embeddings=2048), tmp_path / "rows.jsonl"


def press(button: QAbstractButton) -> None:
    """A click in the middle."""
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


async def start(window: MainWindow, launcher: str, files: tuple[Path, Path], steps: int, seen: list[int]) -> TrainPage:
    """Press the launcher's card, then Start; returns when the first step is shown. `seen` gets the step of every change."""
    session, (model, data) = window.session, files
    session.begin()
    recipe = with_value(
        a_recipe(str(model), str(data), epochs=100, max_steps=steps, threads=1, dtype="float32"), "training.micro_batch_size", 2
    )
    session._edit(recipe)
    window.show_page("tune")
    tune = window.findChild(TunePage)
    assert isinstance(tune, TunePage)
    await until(lambda: session.hardware is not None and session.report is not None and session.plan.steps == steps)
    press(tune.launchers.more)
    await until(lambda: tune.launchers.tiles[launcher].height() > 40)
    press(tune.launchers.tiles[launcher])
    await until(lambda: session.plan.effective_batch_size == 4 and window.run_card.start.isEnabled())
    assert window.run_card.line("processes").text().startswith("2 × ")
    session.run_changed.connect(lambda: seen.append(session.run.step if session.run else 0))
    press(window.run_card.start)
    await until(lambda: session.run is not None and session.run.step >= 1, 90)
    assert session.run_is_live
    train = window.findChild(TrainPage)
    assert isinstance(train, TrainPage)
    return train


def others(run: Path) -> list[psutil.Process]:
    """The processes beside the first one."""
    first = psutil.Process(json.loads((run / "worker.json").read_text("utf-8"))["pid"])
    return [child for child in first.children() if "--worker" in child.cmdline()]


@pytest.mark.parametrize("launcher", ["ddp", "fsdp2"])
def test_two_processes_are_started_followed_live_and_finish(live: Live, files: tuple[Path, Path], launcher: str) -> None:
    async def story(window: MainWindow) -> None:
        session = window.session
        seen: list[int] = []
        await start(window, launcher, files, 100, seen)
        folder = session.run_folder
        assert folder is not None
        await until(lambda: session.run is not None and session.run.ended, 120)
        assert session.run is not None
        assert (session.run.state, session.run.step) == ("finished", 100)
        assert len({step for step in seen if 0 < step < 100}) > 2  # not only at the end
        assert (load_recipe(folder / "recipe.yaml").launcher.id, load_recipe(folder / "recipe.yaml").launcher.processes) == (launcher, 2)
        assert (folder / "adapter" / "adapter_model.safetensors").is_file()
        assert apply_all(type(session.run)(), read_events(folder)).step == 100
        await until(lambda: not session.is_training)

    live(story)


def test_stop_ends_both_processes_and_keeps_what_was_learned(live: Live, files: tuple[Path, Path]) -> None:
    async def story(window: MainWindow) -> None:
        session = window.session
        train = await start(window, "ddp", files, 900, [])
        folder = session.run_folder
        assert folder is not None
        beside = others(folder)
        assert len(beside) == 1
        await until(lambda: train._view is not None and train.buttons.stop.isVisible(), 60)
        press(train.buttons.stop)
        await until(lambda: session.run is not None and session.run.ended, 90)
        assert session.run is not None
        assert session.run.state == "stopped"
        assert 1 <= session.run.step < 900
        assert (folder / "adapter" / "adapter_model.safetensors").is_file()
        await until(lambda: not any(process.is_running() for process in beside))

    live(story)
