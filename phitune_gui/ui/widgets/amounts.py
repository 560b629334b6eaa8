"""Amounts beside what they belong to: parts of a whole, estimates with their width, short spans and moments."""

import math
from datetime import datetime, timedelta

from PySide6.QtCore import QCoreApplication

from phitune_gui.planning.time import time_range
from phitune_gui.ui.widgets.figures import bytes_text

_UNITS = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


def part_of_text(part: float, whole: float) -> str:
    """Two amounts of bytes in the larger one's unit: `4.0 of 21.8 GB`."""
    factor, unit = next(((factor, unit) for factor, unit in _UNITS if max(part, whole) >= factor), (1.0, "B"))
    text = QCoreApplication.translate("Amounts", "{part} of {whole}")
    if 0 < part < factor / 20:
        return text.format(part=bytes_text(part), whole=f"{_short(whole / factor)} {unit}")
    return text.format(part=_short(part / factor), whole=f"{_short(whole / factor)} {unit}")


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def span_text(seconds: float) -> str:
    """A span of time in little room: `42 s`, `12 min`, `3 h 20 min`, `26 h`."""
    if not math.isfinite(seconds) or seconds < 0:
        return "–"
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min" if minutes < 600 else f"{round(minutes / 60)} h"


def estimate_text(seconds: float, measured: bool) -> str:
    """An estimated span with its honest width: `38 – 46 min`; half to twice where nothing was measured on this machine."""
    low, high = map(span_text, time_range(seconds, measured))
    if low == high:
        return low
    low_number, low_unit = low.split(" ", 1)
    return f"{low_number} – {high}" if high.split(" ", 1)[1] == low_unit else f"{low} – {high}"


def when_text(seconds: float, now: datetime | None = None) -> str:
    """A moment (Unix seconds) as `today 10:42`, `yesterday 9:05` or `3 Nov 2026`."""
    moment, today = datetime.fromtimestamp(seconds), now or datetime.now()
    if moment.date() == today.date():
        return QCoreApplication.translate("Amounts", "today {time}").format(time=f"{moment:%H:%M}")
    if moment.date() == (today - timedelta(days=1)).date():
        return QCoreApplication.translate("Amounts", "yesterday {time}").format(time=f"{moment:%H:%M}")
    return f"{moment.day} {moment:%b %Y}"
