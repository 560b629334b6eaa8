"""Problems and advice as boxes: what, what to do, a link to the place, and copying for whoever asks for help."""

from collections.abc import Sequence
from html import escape

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from phitune_gui.core.problem import Problem
from phitune_gui.ui.field_titles import with_titles
from phitune_gui.ui.widgets.buttons import Button, IconButton


class ProblemBox(QFrame):
    """One Problem. `opened` carries its `where`."""

    opened = Signal(str)

    def __init__(self, problem: Problem, link: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.problem = problem
        self.setProperty("box", problem.severity)
        heading = self.tr("Problem.") if problem.severity == "problem" else self.tr("Advice.")
        text = QLabel(f"<b>{escape(heading)}</b> {escape(with_titles(problem.what))} {escape(with_titles(problem.how_to_fix))}")
        text.setTextFormat(Qt.TextFormat.RichText)
        text.setWordWrap(True)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        text.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        self.setAccessibleName(f"{heading} {_said(problem)}")
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 9, 12, 9)
        column.setSpacing(4)
        column.addWidget(text)
        if link:
            row = QHBoxLayout()
            show = Button(link, "link", name=f"{link}: {with_titles(problem.what)}")
            show.clicked.connect(lambda: self.opened.emit(problem.where))
            row.addWidget(show)
            row.addStretch(1)
            column.addLayout(row)


class ProblemList(QWidget):
    """Problems first, then advice; shows again only what changed."""

    opened = Signal(str)

    def __init__(self, link: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("plain")
        self._link = link
        self._shown: tuple[Problem, ...] = ()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        self.hide()

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """Shows these instead of what was shown."""
        ordered = tuple(sorted(problems, key=lambda problem: problem.severity != "problem"))
        if ordered == self._shown:
            return
        self._shown = ordered
        while (item := self._column.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for problem in ordered:
            box = ProblemBox(problem, self._link)
            box.opened.connect(self.opened)
            self._column.addWidget(box)
        self.setVisible(bool(ordered))

    @property
    def boxes(self) -> list[ProblemBox]:
        """The boxes that are shown."""
        items = [self._column.itemAt(place) for place in range(self._column.count())]
        widgets = [item.widget() for item in items if item is not None]
        return [widget for widget in widgets if isinstance(widget, ProblemBox)]


class RefusalBar(QFrame):
    """Why the newest wish was not fulfilled, above the page until it is closed; can be copied."""

    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("box", "problem")
        self._problem: Problem | None = None
        self._text = QLabel()
        self._text.setTextFormat(Qt.TextFormat.RichText)
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        copy, close = IconButton("copy", self.tr("Copy"), "bare"), IconButton("close", self.tr("Close"), "bare")
        copy.clicked.connect(self._copy)
        close.clicked.connect(self.clear)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 8, 8, 8)
        row.addWidget(self._text, 1)
        row.addWidget(copy)
        row.addWidget(close)
        self.hide()

    def show_problem(self, problem: Problem) -> None:
        """Shows this refusal."""
        self._problem = problem
        self._text.setText(f"<b>{escape(with_titles(problem.what))}</b> {escape(with_titles(problem.how_to_fix))}")
        self._text.setToolTip(problem.where)
        self.setAccessibleName(_said(problem))
        self.show()

    def clear(self) -> None:
        """Takes the refusal away."""
        self.hide()
        self.closed.emit()

    @property
    def text(self) -> str:
        """What a person reads; empty when nothing is shown."""
        return _said(self._problem) if self._problem and not self.isHidden() else ""

    def _copy(self) -> None:
        if self._problem is not None:
            QGuiApplication.clipboard().setText(f"{self._problem.what}\n{self._problem.how_to_fix}\n{self._problem.where}")


def _said(problem: Problem) -> str:
    return with_titles(f"{problem.what} {problem.how_to_fix}")
