"""The session: one object with everything the window shows and every verb it knows; pages talk to this and to nothing else."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QTimer
from qasync import asyncSlot

from phitune_gui.core.problem import CannotStart, Problem
from phitune_gui.data.person_paths import expanded
from phitune_gui.ui.connections import count_connections
from phitune_gui.ui.drops import Drop, understand_all
from phitune_gui.ui.session_adapters import SessionAdapters
from phitune_gui.ui.translation import declared

CONNECTIONS_EVERY_MS = 3000


class Session(SessionAdapters):
    """Built once by app.py; `begin` when the window is shown, `close` when it is gone."""

    def begin(self) -> None:
        """Looks around: this machine, its models, its runs; needs the running loop."""
        self.probe_hardware()
        self.scan_models()
        self.attach_live_run()
        self._connections_timer = QTimer(self)
        self._connections_timer.timeout.connect(self.count_connections)
        self._connections_timer.start(CONNECTIONS_EVERY_MS)

    @asyncSlot()
    async def count_connections(self) -> None:
        """Measures how many connections to other machines are open."""
        count = await self.background.call(count_connections)
        if count != self.connections:
            self.connections = count
            self.connections_changed.emit()

    def open_paths(self, paths: Sequence[str | Path]) -> None:
        """Takes what was dropped or named: datasets, a model, an adapter, a recipe, a run; the rest is refused with the reason."""
        try:
            named = [expanded(path).absolute() for path in paths]
        except CannotStart as refusal:
            self.refuse(refusal.problem)
            return
        for drop in sorted(understand_all(named), key=lambda drop: drop.kind == "adapter"):  # after the model that it is for
            self._take(drop)

    def _take(self, drop: Drop) -> None:
        first = drop.paths[0]
        if drop.kind == "dataset":
            self.add_data(drop.paths, drop.files.validation)
            self.say(declared(drop.files.said))
            self.page_requested.emit("data")
        elif drop.kind == "model":
            self.choose_model(first)
            self.page_requested.emit("model")
        elif drop.kind == "adapter":
            self.import_adapter(first)
        elif drop.kind == "recipe":
            self.open_recipe(first)
        elif drop.kind == "run":
            self.open_run(first)
        else:
            what = self.tr("{name} cannot be opened.").format(name=first.name)
            self.refuse(Problem(where=str(first), what=what, how_to_fix=drop.why))

    def rest(self) -> None:
        """Begins nothing more by itself: what a timer began while the loop waits for cancelled tasks would end with nobody to await it."""
        for timer in self.findChildren(QTimer):
            timer.stop()

    def close(self) -> None:
        """Ends everything that works for this window; a training that was left goes on. Tasks are cancelled before, by the loop."""
        self.rest()
        self.leave_run()
        self.end_jobs()
        self.background.close(interrupt=self.desk.close)
