"""The window: header, rail, page, the card This run and the status line, wired to the session."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QMainWindow, QMenu, QPlainTextEdit, QStackedWidget, QTextEdit, QVBoxLayout, QWidget

from phitune_gui.core.events import Checked
from phitune_gui.core.problem import Problem
from phitune_gui.ui import icons, session_words
from phitune_gui.ui.change_words import change_text
from phitune_gui.ui.drop_words import drop_words
from phitune_gui.ui.drops import understand_all
from phitune_gui.ui.page_list import entries, make_page
from phitune_gui.ui.session import Session
from phitune_gui.ui.theme import LIGHT, Theme
from phitune_gui.ui.widgets.closing_question import ClosingQuestion
from phitune_gui.ui.widgets.doctor_dialog import DoctorDialog
from phitune_gui.ui.widgets.drop_zone import DropVeil
from phitune_gui.ui.widgets.fit_dialog import FitDialog
from phitune_gui.ui.widgets.header import Header
from phitune_gui.ui.widgets.problem_list import RefusalBar
from phitune_gui.ui.widgets.rail import Rail
from phitune_gui.ui.widgets.run_card import RunCard
from phitune_gui.ui.widgets.status_line import StatusLine
from phitune_gui.ui.widgets.top_overlay import TopOverlay
from phitune_gui.ui.window_menu import fill_menu

STARTING_PAGES = ("model", "data", "tune")
"""Where Start is what comes next; the other pages have a main button of their own."""


class MainWindow(QMainWindow):
    """Built once; `closed` comes when the person really leaves."""

    closed = Signal()

    def __init__(self, session: Session, theme: Theme) -> None:
        super().__init__()
        self.session, self.theme = session, theme
        self._pages: dict[str, QWidget] = {}
        self._status = session_words.Status("")
        self._leaving = False
        self._build()
        self._connect()
        self.show_page("home")
        self._show_all()

    def _build(self) -> None:
        self.setWindowTitle("PhiTune")
        self.setWindowIcon(icons.icon("app", LIGHT.accent, 32))
        self.setMinimumSize(QSize(960, 600))
        self.resize(1280, 800)
        self.setAcceptDrops(True)
        self.menu = QMenu(self)
        self.header, self.rail, self.run_card = Header(self.menu), Rail(entries()), RunCard()
        self.status_line, self.refusal, self.stack = StatusLine(), RefusalBar(), QStackedWidget()
        self.stack.setObjectName("pageGround")
        middle = QWidget()
        middle.setObjectName("pageGround")
        centre = QVBoxLayout(middle)
        centre.setContentsMargins(0, 0, 0, 0)
        centre.setSpacing(0)
        banner = QVBoxLayout()
        banner.setContentsMargins(26, 12, 26, 0)
        banner.addWidget(self.refusal)
        self._banner = TopOverlay(middle)
        self._banner.setLayout(banner)
        centre.addWidget(self.stack, 1)
        row = QHBoxLayout()
        row.setSpacing(0)
        row.addWidget(self.rail)
        row.addWidget(middle, 1)
        row.addWidget(self.run_card)
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.header)
        column.addLayout(row, 1)
        column.addWidget(self.status_line)
        whole.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # where the focus rests until Tab is pressed
        self.setCentralWidget(whole)
        whole.setFocus()
        self.veil = DropVeil(self)

    def _connect(self) -> None:
        session = self.session
        fill_menu(self)
        self.rail.page_chosen.connect(self.show_page)
        self.run_card.start_asked.connect(session.start_run)
        self.run_card.fit_asked.connect(self.make_it_fit)
        self.run_card.problem_opened.connect(self._open_problem)
        self.status_line.opened.connect(self._open_status)
        self.refusal.closed.connect(self._banner.hide)
        session.problem_raised.connect(self._show_problem)
        session.page_requested.connect(self.show_page)
        session.machine_checked.connect(self._show_checks)
        session.hardware_changed.connect(lambda: self.header.machine.setText(session_words.machine_words(session.hardware)))
        session.connections_changed.connect(lambda: self.header.show_connections(session.connections))
        for signal in (session.recipe_changed, session.plan_changed, session.run_changed):
            signal.connect(self._show_run_card)
        for signal in (
            session.plan_changed, session.report_changed, session.model_changed, session.run_changed, session.export_changed,
            session.chat_changed, session.status_changed, session.starter_changed, session.import_changed, session.inspect_progressed,
        ):  # fmt: skip
            signal.connect(self._show_marks)
        session.recipe_changed.connect(self.refusal.clear)
        session.recipe_changed.connect(lambda: self.header.show_project(session.recipe.name))
        session.run_changed.connect(self._leave_when_saved)

    def _show_all(self) -> None:
        self.header.show_project(self.session.recipe.name)
        self.header.machine.setText(session_words.machine_words(self.session.hardware))
        self._show_run_card()
        self._show_marks()

    def show_page(self, page: str) -> None:
        """Shows this page, made when it is shown for the first time."""
        if page not in self._pages:
            made = self._pages[page] = make_page(page, self.session)
            for kind in (QLineEdit, QTextEdit, QPlainTextEdit):
                for field in made.findChildren(kind):
                    field.setAcceptDrops(False)  # files dropped on a field belong to the window
            self.stack.addWidget(made)
        self.stack.setCurrentWidget(self._pages[page])
        self.rail.show_page(page)
        self.page = page
        self.run_card.stress_start(page in STARTING_PAGES)

    def make_it_fit(self) -> None:
        """Shows what would be changed, and changes it when that is wanted."""
        plan = self.session.plan
        dialog = FitDialog((plan.make_it_fit, *plan.other_ways_to_fit), change_text, self)
        dialog.accepted.connect(lambda: self.session.make_changes(dialog.chosen))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _show_checks(self, checks: Sequence[Checked]) -> None:
        dialog = DoctorDialog(checks, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def toggle_theme(self) -> None:
        """Light to dark and back, remembered."""
        self.session.keep_settings(theme=self.theme.toggle())

    # what the session says

    def _show_run_card(self) -> None:
        session, card = self.session, self.run_card
        if not (session.recipe.model.path or session.recipe.data.sources):
            card.show_nothing()
        else:
            fits = not session.plan.make_it_fit
            plan = session.plan.model_copy(update={"problems": session_words.problems_beside(session)})
            card.show_plan(plan, session_words.run_words(session), session_words.part_labels(), fits)
        if session.is_training:
            waits = session.live_run is not None and session.live_run.is_waiting
            card.show_start(self.tr("Waiting…") if waits else self.tr("Running…"), enabled=False)
        else:
            card.show_start(self.tr("Start"), session.can_start)

    def _show_marks(self) -> None:
        for page, (mark, text) in session_words.rail_marks(self.session).items():
            self.rail.show_mark(page, mark, text)
        status = session_words.status_of(self.session)
        if status != self._status:
            self._status = status
            self.status_line.show_status(status.text, status.share, status.busy)

    def _show_problem(self, problem: Problem) -> None:
        self.refusal.show_problem(problem)
        self._banner.come_up()

    def _open_status(self) -> None:
        if self._status.page:
            self.show_page(self._status.page)

    def _open_problem(self, where: str) -> None:
        self.show_page(session_words.page_of(where))
        self.session.field_requested.emit(where)

    # drops

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Lights up and says what letting go would do."""
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            self.veil.light_up(drop_words(understand_all(paths)))
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Puts the light out."""
        self.veil.hide()
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """Takes what was let go; what cannot be used is refused with the reason."""
        self.veil.hide()
        paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.session.open_paths(paths)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keeps the veil over everything."""
        super().resizeEvent(event)
        self.veil.setGeometry(self.rect())

    # leaving

    def closeEvent(self, event: QCloseEvent) -> None:
        """Asks first while a training is running."""
        if self.session.is_training and not self._leaving:
            event.ignore()
            question = ClosingQuestion(self)
            question.finished.connect(lambda _code: self._answered(question))
            question.open()
            return
        event.accept()
        self.closed.emit()

    def _answered(self, question: ClosingQuestion) -> None:
        question.deleteLater()
        if question.answer == "keep":
            self._leaving = True
            self.close()
        elif question.answer == "stop":
            self._leave_after_saving = True
            self.session.stop_run()

    _leave_after_saving = False

    def _leave_when_saved(self) -> None:
        if self._leave_after_saving and not self.session.is_training:
            self._leave_after_saving = False
            self._leaving = True
            self.close()
