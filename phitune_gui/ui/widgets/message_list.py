"""The conversation: questions on one side, answers on the other, the newest in view unless the person has scrolled away."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from phitune_gui.ui.widgets.answer_view import AnswerView, Bubble
from phitune_gui.ui.widgets.words import words


class MessageList(QScrollArea):
    """Questions and answers are added at the end; answers to one question stand side by side."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Conversation"))
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumHeight(180)
        self._follows = True
        inner = QWidget()
        inner.setObjectName("plain")
        self._column = QVBoxLayout(inner)
        self._column.setContentsMargins(0, 0, 6, 0)
        self._column.setSpacing(12)
        self._hint = words(self.tr("Ask something that is not in the data, and see what was learned."), "quiet", wrap=True)
        self._hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._column.addWidget(self._hint, 1)
        self._column.addStretch(0)
        self.setWidget(inner)
        self._rows: list[QWidget] = []
        self._divider: QWidget | None = None
        self.verticalScrollBar().rangeChanged.connect(self._follow)
        self.verticalScrollBar().valueChanged.connect(self._scrolled)

    def sizeHint(self) -> QSize:
        return QSize(400, 220)

    def add_question(self, text: str) -> None:
        """Shows what the person asked."""
        bubble = Bubble(text, mine=True)
        bubble.setAccessibleName(self.tr("You: {text}").format(text=text[:200]))
        self._add_row([bubble], leading=True)

    def add_answers(self, names: list[str]) -> list[AnswerView]:
        """One growing answer per name, side by side."""
        views = [AnswerView(name) for name in names]
        self._add_row(views, leading=False)
        return views

    def divide(self, text: str) -> None:
        """Ends the conversation so far with a line that says what comes now; nothing where nothing was said."""
        if self._divider is not None and self._rows and self._rows[-1] is self._divider:
            self._remove(self._rows.pop())
        if self._rows and text:
            self._divider = words(text, "key", wrap=True)
            self._divider.setAlignment(Qt.AlignmentFlag.AlignCenter)
            self._add(self._divider)

    def clear(self) -> None:
        """Takes everything away."""
        for row in self._rows:
            self._remove(row)
        self._rows = []
        self._hint.show()

    def _add_row(self, widgets: "list[AnswerView] | list[Bubble]", *, leading: bool) -> None:
        self._hint.hide()
        self._follows = True
        row = QWidget()
        row.setObjectName("plain")
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(12)
        if leading:
            line.addStretch(1)
        for widget in widgets:
            line.addWidget(widget, 4, Qt.AlignmentFlag.AlignTop)
        if not leading and len(widgets) == 1:
            line.addStretch(1)
        self._add(row)

    def _add(self, row: QWidget) -> None:
        self._rows.append(row)
        self._column.insertWidget(self._column.count() - 1, row)

    def _remove(self, row: QWidget) -> None:
        row.hide()
        row.deleteLater()

    def _scrolled(self, value: int) -> None:
        self._follows = value >= self.verticalScrollBar().maximum() - 8

    def _follow(self, low: int, high: int) -> None:
        if self._follows:
            self.verticalScrollBar().setValue(high)
