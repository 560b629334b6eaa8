"""Cycles that hold Qt objects are collected in the window's thread, never in the one that allocates."""

import gc
import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from phitune_gui.ui.collector import Collector


class Noting(QObject):
    """Part of a cycle; notes which thread collects it."""

    def __init__(self, threads: list[int]) -> None:
        super().__init__()
        self.threads, self.me = threads, self

    def __del__(self) -> None:
        self.threads.append(threading.get_ident())


@pytest.fixture
def collector(qtbot: QtBot) -> Iterator[Collector]:
    made = Collector()
    yield made
    made.close()
    made.deleteLater()
    assert gc.isenabled()


def busy() -> None:
    """Allocates as worker threads do, enough for many collections."""
    for _ in range(200):
        _ = [[number] for number in range(1000)]


def test_a_busy_thread_collects_no_qt_objects(qtbot: QtBot, collector: Collector) -> None:
    threads: list[int] = []
    for _ in range(20):
        Noting(threads)
    thread = threading.Thread(target=busy)
    thread.start()
    thread.join()
    assert threads == []

    held = [[number] for number in range(2000)]
    qtbot.waitUntil(lambda: len(threads) == 20, timeout=5000)
    assert set(threads) == {threading.get_ident()}
    assert held
