"""Bytes and seconds as people read them."""

_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def in_words(count: int) -> str:
    """`15.3 GB`, in powers of 1000 as disks and shops count."""
    size, unit = float(count), 0
    while size >= 1000 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{count} bytes" if unit == 0 else f"{size:.1f} {_UNITS[unit]}"


_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def time_in_words(seconds: float) -> str:
    """`40 s`, `12 min`, `3.5 h`, `9 days`: as exact as an estimate deserves."""
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    return f"{seconds / _HOUR:.1f} h" if seconds < 2 * _DAY else f"{seconds / _DAY:,.0f} days"
