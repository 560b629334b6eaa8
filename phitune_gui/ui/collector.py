"""Collects Python's reference cycles in the window's own thread, and in no other."""

import gc

from PySide6.QtCore import QObject, QTimer

LOOKS_EVERY_MS = 400


class Collector(QObject):
    """While it lives, cyclic garbage is collected by a timer here instead of by whichever thread happens to allocate.

    A cycle may hold widgets, and Qt objects that another thread destroys take the window down: seen once as a segmentation fault in
    libpyside. What exists at the start is set aside (`gc.freeze`), so that each collection looks at little.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        gc.disable()
        gc.freeze()
        self._timer = QTimer(self, interval=LOOKS_EVERY_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    def look(self) -> None:
        """Collect the oldest generation whose count is over Python's own threshold, if any."""
        due = [age for age, (count, most) in enumerate(zip(gc.get_count(), gc.get_threshold(), strict=True)) if count > most]
        if due:
            gc.collect(due[-1])

    def close(self) -> None:
        """Leave collecting to Python again."""
        self._timer.stop()
        gc.unfreeze()
        gc.enable()
