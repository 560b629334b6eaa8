"""The data desk answers, or ends in time with one sentence; its pipe is read without what Windows cannot do."""

import selectors
import sys
import threading
import time
from pathlib import Path

import pytest

from phitune_gui.core.problem import CannotStart
from phitune_gui.core.recipe import DataSection, DataSource
from phitune_gui.jobs import desk
from phitune_gui.jobs.desk import Cancelled, DataDesk
from phitune_gui.jobs.questions import ask_model, ask_report
from tests.helpers.model_folder import write_model_folder

ECHO = "import sys\nfor line in sys.stdin: print('{\"result\": %d}' % len(line), flush=True)"
SILENT = "import time; time.sleep(60)"
HALF = "import sys; sys.stdin.readline(); print('{\"result\"', end='', flush=True)"
COUNTS = """
import json, sys, time
for line in sys.stdin:
    for rows in range(3):
        print(json.dumps({"progress": [rows / 3, rows]}), flush=True)
        time.sleep(0.3)
    print(json.dumps({"result": "done"}), flush=True)
"""
NOISE = "import sys\nfor line in sys.stdin: print('[' * 100000, flush=True)"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The Python text that plays the desk's process; waiting for a pipe is refused, as on Windows."""
    text = [ECHO]
    monkeypatch.setattr(desk, "worker_command", lambda _what: [sys.executable, "-c", text[0]])

    def refuse(*_arguments: object, **_options: object) -> None:
        raise OSError(10038, "an operation was attempted on something that is not a socket")

    monkeypatch.setattr(selectors.DefaultSelector, "select", refuse)
    return text


def _readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "phitune-desk-reader"]


def test_the_desk_answers_one_question_after_another_where_only_sockets_can_be_waited_for(script: list[str]) -> None:
    with DataDesk() as asked:
        assert asked.request("model", {}) > 0
        assert asked.request("model", {"path": "x"}) > 0

    assert not _readers()


@pytest.mark.parametrize("text", [HALF, NOISE])
def test_a_reply_that_is_none_is_a_sentence(script: list[str], text: str) -> None:
    script[0] = text
    with DataDesk() as asked, pytest.raises(CannotStart, match="could not be read"):
        asked.request("model", {})


def test_a_stuck_desk_is_ended_at_its_deadline_and_replaced(script: list[str]) -> None:
    script[0] = SILENT
    began = time.monotonic()
    with DataDesk() as asked:
        with pytest.raises(CannotStart, match="took too long"):
            asked.request("model", {}, timeout=0.5)
        assert time.monotonic() - began < 10
        script[0] = ECHO
        assert asked.request("model", {}) > 0


def test_a_desk_that_says_how_far_it_is_may_take_longer_than_one_that_is_silent(script: list[str]) -> None:
    script[0] = COUNTS
    told: list[tuple[float, int]] = []
    with DataDesk() as asked:
        assert asked.request("inspect", {}, timeout=0.8, told=lambda share, rows: told.append((share, rows))) == "done"
        assert asked.request("inspect", {}, timeout=0.8) == "done"

    assert told == [(0.0, 0), (1 / 3, 1), (2 / 3, 2)]


def test_only_the_question_that_is_meant_is_taken_back_and_the_next_one_is_answered(script: list[str]) -> None:
    script[0] = SILENT
    ended: list[float] = []
    with DataDesk() as asked:

        def ask() -> None:
            with pytest.raises(Cancelled):
                asked.request("inspect", {})
            ended.append(time.monotonic())

        asking = threading.Thread(target=ask)
        asking.start()
        while not _readers():
            time.sleep(0.01)
        asked.cancel("preview")
        asking.join(0.5)
        assert asking.is_alive()
        script[0] = ECHO
        began = time.monotonic()
        asked.cancel("inspect")
        asking.join(10)
        asked.cancel("inspect")

        assert ended[0] - began < 1.0
        assert asked.request("inspect", {}) > 0


def test_looking_over_a_large_file_says_how_far_it_is_and_ends_within_a_second(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, own_home: Path
) -> None:
    path, folder = tmp_path / "rows.jsonl", tmp_path_factory.mktemp("model")
    write_model_folder(folder)
    path.write_text("".join(f'{{"question": "Who is {number}?", "answer": "Nobody."}}\n' for number in range(200_000)))
    told: list[tuple[float, int]] = []
    ended: list[float] = []
    with DataDesk() as asked:
        model, data = ask_model(asked, folder), DataSection(sources=(DataSource(path=str(path)),))

        def ask() -> None:
            with pytest.raises(Cancelled):
                ask_report(asked, data, model, 7, told=lambda share, rows: told.append((share, rows)))
            ended.append(time.monotonic())

        asking = threading.Thread(target=ask)
        asking.start()
        while len(told) < 3 or not told[-1][0]:
            time.sleep(0.01)
        began = time.monotonic()
        asked.cancel("inspect")
        asking.join(10)

        assert ended[0] - began < 1.0
        assert 0 <= told[0][0] < told[-1][0] < 1
        assert 0 <= told[0][1] < told[-1][1] < 200_000
        path.write_text("".join(path.read_text().splitlines(keepends=True)[:500]))
        assert ask_report(asked, data, model, 7).kept == 500
    assert not [entry for entry in (own_home / "cache" / "tokens").iterdir() if entry.name.startswith(".staging")]


def test_closing_refuses_a_question_that_waits_in_another_thread(script: list[str]) -> None:
    script[0] = SILENT
    asked, refusals = DataDesk(), []

    def ask() -> None:
        try:
            asked.request("model", {})
        except CannotStart as refusal:
            refusals.append(refusal)

    asking = threading.Thread(target=ask)
    asking.start()
    while not _readers():
        time.sleep(0.01)
    asked.close()
    asking.join(10)

    assert len(refusals) == 1
    assert not _readers()
