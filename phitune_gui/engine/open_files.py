"""How many files and connections this process may have open at once."""

import sys
from contextlib import suppress


def allow_all_open_files() -> None:
    """As many as the system lets it, instead of the usual thousand.

    gloo keeps each connection to its port for good, whoever makes it; at the limit it ends the process.
    """
    if sys.platform == "win32":
        return
    import resource

    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):  # macOS says infinity and allows less
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
