"""Bytes as people read them."""

_UNITS = ("bytes", "kB", "MB", "GB", "TB")


def in_words(count: int) -> str:
    """`15.3 GB`, in powers of 1000 as disks and shops count."""
    size, unit = float(count), 0
    while size >= 1000 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{count} bytes" if unit == 0 else f"{size:.1f} {_UNITS[unit]}"
