"""Runs one phitune command in a process of its own, as a script would."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def phitune(*arguments: str, home: Path, code: int = 0, within: str = "") -> dict[str, Any]:
    """The command's JSON object; fails when it ends with another exit code than `code`. `within` is a network namespace."""
    environment = {**os.environ, "PHITUNE_HOME": str(home), "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"}
    place = ["ip", "netns", "exec", within] if within else []
    command = [*place, sys.executable, "-P", "-m", "phitune_gui", *arguments, "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=1500, check=False)
    assert done.returncode == code, (done.stdout + done.stderr)[-2000:]
    assert done.stdout.count("\n") == 1
    document = json.loads(done.stdout)
    assert isinstance(document, dict)
    return document
