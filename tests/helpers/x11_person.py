"""Sits in front of the real window under X11 and uses mouse and keyboard: drop, start, watch, stop, export, ask.

python x11_person.py SCENE MODEL DATA PICTURES        prints one JSON object with what was seen

Scenes: `journey`, the whole way; `left_training`, starts a run, tells its folder and waits to be killed; `found_again`, a new window on
the same home that finds the run at work and sees its worker being killed.
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

from PySide6.QtWidgets import QApplication, QLabel, QScrollArea, QWidget
from qasync import QEventLoop

from phitune_gui import app as phitune
from phitune_gui.store.settings import Settings
from phitune_gui.ui.async_jobs import cancel_all
from phitune_gui.ui.main_window import MainWindow
from phitune_gui.ui.session import Session
from phitune_gui.ui.theme import Theme

DRAG_SOURCE = Path(__file__).parent / "drag_source.py"
QUESTION = "Captain, 3?"


class Person:
    """Knows only what can be seen: where a widget is on the screen, and what is written there."""

    def __init__(self, window: MainWindow, pictures: Path) -> None:
        self.window, self.pictures, self.seen = window, pictures, {}

    async def xdotool(self, *words: object) -> None:
        process = await asyncio.create_subprocess_exec("xdotool", *map(str, words))
        assert await process.wait() == 0

    async def click(self, widget: QWidget) -> None:
        parent = widget.parentWidget()
        while parent is not None:
            if isinstance(parent, QScrollArea):
                parent.ensureWidgetVisible(widget)
            parent = parent.parentWidget()
        await asyncio.sleep(0.15)
        place = widget.mapToGlobal(widget.rect().center())
        await self.xdotool("mousemove", place.x(), place.y(), "click", 1)
        await asyncio.sleep(0.25)

    async def drag(self, *files: Path) -> None:
        source = await asyncio.create_subprocess_exec(sys.executable, str(DRAG_SOURCE), *map(str, files))
        await asyncio.sleep(1.5)
        await self.xdotool("mousemove", 1140, 100, "mousedown", 1)
        for x in range(1130, 480, -50):
            await self.xdotool("mousemove", x, 300)
            await asyncio.sleep(0.04)
        await asyncio.sleep(0.3)
        self.seen.setdefault("lit", []).append(self.window.veil.isVisible())
        await self.xdotool("mouseup", 1)
        await asyncio.sleep(0.3)
        source.kill()
        await source.wait()

    async def until(self, condition, what: str, seconds: float = 90) -> None:  # noqa: ANN001
        for _ in range(int(seconds / 0.05)):
            if condition():
                return
            await asyncio.sleep(0.05)
        self.picture("stuck")
        raise AssertionError(f"never saw: {what}; last refusal: {self.window.session.problem}")

    def picture(self, name: str) -> None:
        screen = QApplication.primaryScreen()
        screen.grabWindow(0).save(str(self.pictures / f"{name}.png"))

    async def journey(self, model: Path, data: Path) -> None:
        session = self.window.session
        await self.start_training(model, data)
        self.seen["points_while_training"] = len(session.run.steps)
        self.seen["was_live"] = session.run_is_live
        await asyncio.sleep(0.5)
        self.picture("2-training")
        await self.stop_export_and_ask()

    async def left_training(self, model: Path, data: Path) -> None:
        await self.start_training(model, data)
        sys.stdout.write(json.dumps({"run": str(self.window.session.run_folder)}) + "\n")
        sys.stdout.flush()
        await asyncio.sleep(600)

    async def found_again(self, _model: Path, _data: Path) -> None:
        session = self.window.session
        await self.until(lambda: session.run_is_live and session.run.steps, "the run of the killed window")
        before = session.run.step
        await self.until(lambda: session.run.step > before + 3, "points arriving in the new window")
        await self.until(lambda: session.run.checkpoints, "a checkpoint")
        await self.click(self.window.rail.buttons["train"])
        await asyncio.sleep(0.7)
        self.picture("6-found-again")
        os.kill(json.loads((session.run_folder / "worker.json").read_text("utf-8"))["pid"], signal.SIGKILL)
        await self.until(lambda: session.run.ended, "the end of the killed worker")
        await asyncio.sleep(0.7)
        self.picture("7-worker-killed")
        outcome = self.window._pages["train"].outcome
        labels = [label.text() for label in outcome.findChildren(QLabel) if label.isVisible()]
        self.seen |= {"state": session.run.state, "said": " ".join(labels)}
        self.seen["resumed_from"] = await self.resume()

    async def resume(self) -> int:
        session = self.window.session
        kept = session.run.checkpoints[-1].step
        await self.click(self.window._pages["train"].outcome.buttons["resume"])
        await self.until(lambda: session.run_is_live and session.run.step > kept + 3, "the resumed run going on")
        await asyncio.sleep(0.7)
        self.picture("8-resumed")
        await self.click(self.window._pages["train"].buttons.stop)
        await self.until(lambda: session.run.ended, "the end of the resumed run")
        return kept

    async def start_training(self, model: Path, data: Path) -> None:
        window, session = self.window, self.window.session
        await self.drag(model)
        await self.until(lambda: session.model is not None and session.model.usable, "the dropped model")
        await self.drag(data)
        await self.until(lambda: window.run_card.start.isEnabled(), "Start enabled")
        self.picture("1-dropped")
        await self.click(window.run_card.start)
        await self.until(lambda: session.run is not None and len(session.run.steps) >= 5, "points arriving")

    async def stop_export_and_ask(self) -> None:
        window, session = self.window, self.window.session
        await self.click(window._pages["train"].buttons.stop)
        await self.until(lambda: session.run.ended, "the stopped run")
        self.seen["run_state"] = session.run.state
        await asyncio.sleep(0.5)
        self.picture("3-stopped")
        await self.click(window.rail.buttons["export"])
        page = window._pages["export"]
        await self.click(page.targets.cards["onnx-cpu-fp32"])
        await self.click(page.start)
        await self.until(lambda: session.export_run is not None and session.export_run.ended, "the export")
        await asyncio.sleep(0.5)
        self.picture("4-exported")
        self.seen["verified"] = session.export_run.exports[-1].report.verified
        await self.click(window.rail.buttons["chat"])
        page = window._pages["chat"]
        await self.click(page.composer.field)
        await self.xdotool("type", QUESTION)
        await self.xdotool("key", "Return")
        answers = []
        session.answer_finished.connect(answers.append)
        await self.until(lambda: answers, "an answer")
        await asyncio.sleep(0.3)
        self.picture("5-answered")
        self.seen["answer_tokens"] = answers[0].tokens


def main() -> None:
    scene, (model, data, pictures) = sys.argv[1], map(Path, sys.argv[2:5])
    app = phitune._application()
    loop = QEventLoop(app)
    asyncio.set_event_loop(loop)
    theme, session = Theme(app, "light"), Session(Settings())
    window = MainWindow(session, theme)
    window.setGeometry(0, 0, 1024, 640)
    window.show()
    person = Person(window, pictures)
    with loop:
        try:
            session.begin()
            loop.run_until_complete(getattr(person, scene)(model, data))
        finally:
            session.rest()
            loop.run_until_complete(cancel_all(loop))
            session.close()
    sys.stdout.write(json.dumps(person.seen) + "\n")


if __name__ == "__main__":
    main()
