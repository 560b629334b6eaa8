"""The child process: one job in, events out; or the data desk, which answers about strangers' files without torch."""

import os
import sys
from pathlib import Path


def main(what: str) -> int:
    """Work on the job in folder `what`, or be the desk when `what` is that word; returns the exit code."""
    if what == "desk":
        from phitune_gui.worker.desk import serve

        return serve(sys.stdin.buffer)
    from phitune_gui.worker.company import RANK
    from phitune_gui.worker.work import work, work_beside

    return (work_beside if RANK in os.environ else work)(Path(what))
