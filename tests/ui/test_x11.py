"""The whole journey under a real X server, by a real mouse and keyboard, with files dragged from another process."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from phitune_gui.core.run import Run, apply_all
from phitune_gui.store.runs import read_events
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


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where screenshots go: kept when PHITUNE_PICTURES names a folder."""
    return Path(os.environ.get("PHITUNE_PICTURES", str(tmp_path)))


def in_front(display: str, scene: str, tmp_path: Path, pictures: Path, rows: int) -> subprocess.Popen[str]:
    """A person in front of the window, playing one scene with a tiny model and `rows` rows."""
    model, data = tmp_path / "tiny", tmp_path / "rows.jsonl"
    if not model.exists():
        write_tiny_phi3(model, max_position_embeddings=2048, original_max_position_embeddings=2048)
        told = [{"question": f"Captain, what about {number}?", "answer": "aye aye " * 8} for number in range(rows)]
        data.write_text("".join(json.dumps(row) + "\n" for row in told), "utf-8")
    environment = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(ROOT / "tests" / "helpers" / "x11_person.py"), scene, str(model), str(data), str(pictures)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def what_was_seen(person: subprocess.Popen[str]) -> dict[str, Any]:
    """What the person reports at the end."""
    out, errors = person.communicate(timeout=280)
    assert person.returncode == 0, errors[-3000:]
    seen = json.loads(out.splitlines()[-1])
    assert isinstance(seen, dict)
    return seen


def test_a_person_tunes_exports_and_asks(display: str, tmp_path: Path, pictures: Path) -> None:
    seen = what_was_seen(in_front(display, "journey", tmp_path, pictures, rows=400))

    assert seen["lit"] == [True, True]
    assert seen["points_while_training"] >= 5
    assert seen["was_live"]
    assert seen["run_state"] == "stopped"
    assert seen["verified"]
    assert seen["answer_tokens"] >= 1


def test_a_killed_window_leaves_its_run_and_a_killed_worker_is_told(display: str, tmp_path: Path, pictures: Path) -> None:
    first = in_front(display, "left_training", tmp_path, pictures, rows=1500)
    assert first.stdout is not None
    folder = Path(json.loads(first.stdout.readline())["run"])
    first.kill()
    first.communicate()
    steps = len(read_events(folder))

    seen = what_was_seen(in_front(display, "found_again", tmp_path, pictures, rows=1500))

    run = apply_all(Run(), read_events(folder))
    assert len(read_events(folder)) > steps
    assert (run.attempt, run.state) == (2, "stopped")
    assert run.step > seen["resumed_from"]
    assert seen["state"] == "failed"
    assert "killed" in seen["said"]
    assert "checkpoint" in seen["said"].lower()
