"""The whole journey under a real X server, by a real mouse and keyboard, with files dragged from another process."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.tiny_phi3 import write_tiny_phi3

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.x11, pytest.mark.slow]


@pytest.fixture
def display() -> Iterator[str]:
    """A screen of 1400 x 900 that nobody sees."""
    if not shutil.which("Xvfb") or not shutil.which("xdotool"):
        pytest.skip("Xvfb and xdotool are not installed: sh packaging/linux/system_packages.sh --test")
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1400x900x24", "-nolisten", "tcp"], pass_fds=(write,), stderr=subprocess.DEVNULL
    )
    os.close(write)
    with os.fdopen(read) as number:
        name = f":{number.readline().strip()}"
    yield name
    server.terminate()
    server.wait()


def test_a_person_tunes_exports_and_asks(display: str, tmp_path: Path) -> None:
    size = {"max_position_embeddings": 2048, "original_max_position_embeddings": 2048}
    model = write_tiny_phi3(tmp_path / "tiny", **size)
    rows = [{"question": f"Captain, what about {number}?", "answer": "aye aye " * 8} for number in range(400)]
    data = tmp_path / "rows.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    pictures = Path(os.environ.get("PHITUNE_PICTURES", str(tmp_path)))
    environment = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(ROOT / "tests" / "helpers" / "x11_person.py"), str(model), str(data), str(pictures)]

    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=280, check=False)

    assert done.returncode == 0, done.stderr[-3000:]
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["lit"] == [True, True]
    assert seen["points_while_training"] >= 5
    assert seen["was_live"]
    assert seen["run_state"] == "stopped"
    assert seen["verified"]
    assert seen["answer_tokens"] >= 1
