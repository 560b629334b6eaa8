"""How figures are said to people: bytes, seconds, counts and measured numbers, short and with their unit."""

import math

from PySide6.QtCore import QCoreApplication


def _tr(text: str) -> str:
    return QCoreApplication.translate("Figures", text)


def bytes_text(count: float) -> str:
    """`3.9 GB`; decimal units, as on the label of a disk."""
    for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            value = count / size
            return f"{value:.1f} {unit}" if value < 100 else f"{value:.0f} {unit}"
    return f"{count:.0f} B"


def count_text(count: float) -> str:
    """`1,204`, and `25.2 M` from a million on."""
    for letter, size in (("B", 1e9), ("M", 1e6)):
        if abs(count) >= size:
            return f"{count / size:.1f} {letter}"
    return f"{count:,.0f}"


def number_text(value: float | None) -> str:
    """A measured figure in about three digits: `1.16`, `312`, `1.1e-4`; a dash when there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    size = abs(value)
    if size == 0:
        return "0"
    if size >= 100:
        return f"{value:,.0f}"
    if size >= 10:
        return f"{value:.1f}"
    if size >= 0.01:
        return f"{value:.2f}"
    digits, power = f"{value:.1e}".split("e")
    return f"{digits}e{int(power)}"


def percent_text(share: float | None) -> str:
    """`97.6 %` of a share between 0 and 1; a dash when there is none."""
    return "–" if share is None or not math.isfinite(share) else f"{100 * share:.1f} %"


def seconds_text(seconds: float) -> str:
    """`40 seconds`, `12 minutes`, `1 h 5 min`, `2 days 3 h`: as exact as a person wants to know."""
    if seconds < 90:
        return _tr("1 second") if round(seconds) == 1 else _tr("{count} seconds").format(count=round(seconds))
    minutes = round(seconds / 60)
    if minutes < 60:
        return _tr("{count} minutes").format(count=minutes)
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return _tr("{hours} h {minutes} min").format(hours=hours, minutes=minutes)
    return _tr("{days} days {hours} h").format(days=hours // 24, hours=hours % 24)


def short_seconds_text(seconds: float) -> str:
    """`6 ms`, `0.35 s`, `12 s`, `5 min`, `1.5 h`: for axes and tables."""
    if seconds == 0:
        return "0"
    if seconds < 0.1:
        return f"{max(1000 * seconds, 1):.0f} ms"
    if seconds < 120:
        return f"{number_text(seconds)} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
