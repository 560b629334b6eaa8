"""Checking this machine from the window: a real worker really tries, the findings are shown, kept, and heeded by the cards."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton

from phitune_gui.core.machine_report import FOUR_BIT, ONNX, Finding
from phitune_gui.jobs.machine import probe_hardware
from phitune_gui.store.machine_report import keep_findings
from phitune_gui.store.paths import doctor_file, runs_folder
from phitune_gui.ui.main_window import MainWindow
from phitune_gui.ui.pages.tune_page import TunePage
from phitune_gui.ui.widgets.doctor_dialog import DoctorDialog
from tests.ui.conftest import until

Live = Callable[..., Any]


def test_the_menu_entry_tries_everything_and_remembers_it(live: Live) -> None:
    async def story(window: MainWindow) -> None:
        entry = next(action for action in window.findChildren(QAction) if action.text() == "Check this machine…")
        entry.trigger()
        await until(lambda: window.findChild(DoctorDialog), 90)
        dialog = window.findChild(DoctorDialog)
        said = [label.text() for label in dialog.findChildren(QLabel)]
        assert FOUR_BIT in said
        assert ONNX in said
        assert "an NF4 layer was run forwards and backwards" in said
        session = window.session
        await until(lambda: session.hardware is not None and session.hardware.findings)
        assert session.hardware.failed(FOUR_BIT) is None
        assert not session.examining
        QTest.mouseClick(dialog.findChild(QPushButton), Qt.MouseButton.LeftButton)
        await until(lambda: not window.findChild(DoctorDialog))

    live(story)
    assert {found.name for found in probe_hardware(runs_folder()).findings if found.ok} >= {FOUR_BIT, ONNX}
    assert doctor_file().stat().st_size < 10_000


def test_a_technique_whose_test_failed_is_grey_with_the_real_reason(live: Live) -> None:
    failed = Finding(name=FOUR_BIT, ok=False, why="RuntimeError: no kernel image", how_to_fix="Choose LoRA instead of QLoRA.")
    keep_findings((failed,), probe_hardware(runs_folder()))

    async def story(window: MainWindow) -> None:
        window.session.probe_hardware()
        window.show_page("tune")
        page = window.findChild(TunePage)
        assert isinstance(page, TunePage)
        tile = page.techniques.tiles["qlora"]
        await until(lambda: not tile.isEnabled())
        assert "no kernel image" in tile.toolTip()
        assert "no kernel image" in tile.accessibleDescription()
        assert tile.not_here.isVisibleTo(tile)
        assert page.techniques.tiles["lora"].isEnabled()
        window.session.set_value("technique", {"id": "qlora"})
        assert page.techniques.detail.refused.isVisible()
        assert "no kernel image" in page.techniques.detail.refused.text()
        window.session.set_value("technique", {"id": "lora"})
        assert not page.techniques.detail.refused.isVisible()

    live(story)
