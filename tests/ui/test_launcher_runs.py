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
from tests.helpers.launchers import SEVERAL, case, lets_in
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


async def tune(window: MainWindow, files: tuple[Path, Path], steps: int) -> TunePage:
    """The page Tune with model and data chosen, and the ways to start unfolded."""
    session, (model, data) = window.session, files
    session.begin()
    recipe = with_value(
        a_recipe(str(model), str(data), epochs=100, max_steps=steps, threads=1, dtype="float32"), "training.micro_batch_size", 2
    )
    session._edit(recipe)
    window.show_page("tune")
    page = window.findChild(TunePage)
    assert isinstance(page, TunePage)
    await until(lambda: session.hardware is not None and session.report is not None and session.plan.steps == steps)
    press(page.launchers.more)
    return page


async def press_launcher(window: MainWindow, page: TunePage, launcher: str) -> None:
    """Press its card; returns when the plan is that of two processes and can be started."""
    await until(lambda: page.launchers.tiles[launcher].height() > 40)
    press(page.launchers.tiles[launcher])
    await until(lambda: window.session.plan.effective_batch_size == 4 and window.run_card.start.isEnabled())


def press_technique(page: TunePage, technique: str) -> None:
    """Press its card."""
    tile = page.techniques.tiles[technique]
    if not tile.isVisible():
        press(page.techniques.more)
    press(tile)


async def start(window: MainWindow, seen: list[int]) -> TrainPage:
    """Press Start; returns when the first step is shown. `seen` gets the step of every change."""
    session = window.session
    assert window.run_card.line("processes").text().startswith("2 × ")
    session.run_changed.connect(lambda: seen.append(session.run.step if session.run else 0))
    press(window.run_card.start)
    await until(lambda: session.run is not None and session.run.step >= 1, 90)
    assert session.run_is_live
    train = window.findChild(TrainPage)
    assert isinstance(train, TrainPage)
    return train


def processes(run: Path) -> list[psutil.Process]:
    """The first process of the training, and those beside it."""
    first = psutil.Process(json.loads((run / "worker.json").read_text("utf-8"))["pid"])
    return [first, *(child for child in first.children() if "--worker" in child.cmdline())]


TECHNIQUES = ("lora", "qlora", "dora")
PAIRS = [(each, technique) for each in SEVERAL for technique in TECHNIQUES]


@pytest.mark.parametrize(
    ("launcher", "technique"), [case(each, technique, slow=technique != "lora") for each, technique in PAIRS if lets_in(each, technique)]
)
def test_two_processes_are_started_followed_live_and_finish(live: Live, files: tuple[Path, Path], launcher: str, technique: str) -> None:
    async def story(window: MainWindow) -> None:
        session = window.session
        seen: list[int] = []
        page = await tune(window, files, 100)
        press_technique(page, technique)
        await press_launcher(window, page, launcher)
        await start(window, seen)
        folder = session.run_folder
        assert folder is not None
        both = processes(folder)
        await until(lambda: session.run is not None and session.run.ended, 120)
        assert session.run is not None
        assert (session.run.state, session.run.step) == ("finished", 100)
        assert len({step for step in seen if 0 < step < 100}) > 2  # not only at the end
        kept = load_recipe(folder / "recipe.yaml")
        assert (kept.technique.id, kept.launcher.id, kept.launcher.processes) == (technique, launcher, 2)
        assert (folder / "adapter" / "adapter_model.safetensors").is_file()
        assert apply_all(type(session.run)(), read_events(folder)).step == 100
        await until(lambda: not session.is_training)
        await until(lambda: not any(process.is_running() for process in both))  # DeepSpeed takes seconds to leave

    live(story)


@pytest.mark.parametrize(("launcher", "technique"), [case(each, technique) for each, technique in PAIRS if not lets_in(each, technique)])
def test_what_a_launcher_does_not_train_is_refused_with_its_reason(
    live: Live, files: tuple[Path, Path], launcher: str, technique: str
) -> None:
    reason = next(each.why_not for each in SEVERAL if each.id == launcher)

    async def story(window: MainWindow) -> None:
        page = await tune(window, files, 100)
        await press_launcher(window, page, launcher)
        press_technique(page, technique)
        await until(lambda: not window.run_card.start.isEnabled())
        said = [box.accessibleName() for box in window.run_card.problems.boxes if box.isVisible()]
        assert any(reason in words and "Problem." in words for words in said)
        tile = page.launchers.tiles[launcher]
        await until(lambda: not tile.isEnabled())
        assert reason in tile.here.text()
        press(window.run_card.start)
        assert window.session.run is None

    live(story)


@pytest.mark.parametrize("launcher", [case(each, slow=each.id == "fsdp2") for each in SEVERAL])
def test_stop_ends_both_processes_and_keeps_what_was_learned(live: Live, files: tuple[Path, Path], launcher: str) -> None:
    async def story(window: MainWindow) -> None:
        session = window.session
        await press_launcher(window, await tune(window, files, 900), launcher)
        train = await start(window, [])
        folder = session.run_folder
        assert folder is not None
        both = processes(folder)
        assert len(both) == 2
        await until(lambda: train._view is not None and train.buttons.stop.isVisible(), 60)
        press(train.buttons.stop)
        await until(lambda: session.run is not None and session.run.ended, 90)
        assert session.run is not None
        assert session.run.state == "stopped"
        assert 1 <= session.run.step < 900
        assert (folder / "adapter" / "adapter_model.safetensors").is_file()
        await until(lambda: not any(process.is_running() for process in both))

    live(story)
