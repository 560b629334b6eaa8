"""The data desk answers, or ends in time with one sentence; its pipe is read without what Windows cannot do."""

import selectors
import sys
import threading
import time

import pytest

from phitune_gui.core.problem import CannotStart
from phitune_gui.jobs import desk
from phitune_gui.jobs.desk import DataDesk

ECHO = "import sys\nfor line in sys.stdin: print('{\"result\": %d}' % len(line), flush=True)"
SILENT = "import time; time.sleep(60)"
HALF = "import sys; sys.stdin.readline(); print('{\"result\"', end='', flush=True)"
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
