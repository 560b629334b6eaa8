"""Make it fit: what would be changed, what each change saves and costs, before anything is changed."""

from collections.abc import Callable, Sequence
from itertools import groupby

from PySide6.QtCore import QCoreApplication, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QDialog, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from phitune_gui.core.plan import Change
from phitune_gui.ui.widgets.amounts import span_text
from phitune_gui.ui.widgets.buttons import Button
from phitune_gui.ui.widgets.card import Card
from phitune_gui.ui.widgets.choice_card import ChoiceCard
from phitune_gui.ui.widgets.figures import bytes_text
from phitune_gui.ui.widgets.words import words

Way = Sequence[Change]
Say = Callable[[Change], str]
_WIDTH, _EDGES = 700, 20
_TITLE_BAR = 40


class _Scrolling(QScrollArea):
    """The ways below one another; the buttons stay in sight where there is too little height for all of them."""

    def __init__(self, cards: Sequence[QWidget]) -> None:
        super().__init__()
        self._inner = QWidget()
        self._inner.setObjectName("plain")
        self._column = QVBoxLayout(self._inner)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(12)
        for card in cards:
            self._column.addWidget(card)
        self.setWidget(self._inner)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def sizeHint(self) -> QSize:
        """As high as all ways, so that only a small screen lets it scroll."""
        width = _WIDTH - 2 * _EDGES
        return QSize(width, self._column.totalHeightForWidth(width))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """As high as the lines at the real width, not as at the narrow one that wrapped words would like to have."""
        super().resizeEvent(event)
        width = self.viewport().width()
        self._inner.resize(width, self._column.totalHeightForWidth(width))


class FitDialog(QDialog):
    """Accepted means: make the changes of `chosen`; they are one undo step. The first way is chosen until another one is pressed."""

    def __init__(self, ways: Sequence[Way], say: Say, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Make it fit"))
        self.setMinimumWidth(_WIDTH)
        self._ways = tuple(ways)
        self._group = QButtonGroup(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(_EDGES, 18, _EDGES, 18)
        column.setSpacing(12)
        one = self.tr("These changes make the run fit into this machine's memory:")
        several = self.tr("Each of these makes the run fit into this machine's memory, the quickest first:")
        column.addWidget(words(several if len(ways) > 1 else one, "body", wrap=True))
        self.ways = _Scrolling(self._cards(say))
        column.addWidget(self.ways, 1)
        column.addLayout(self._foot())
        column.setSizeConstraint(QVBoxLayout.SizeConstraint.SetNoConstraint)  # its minimum height is that of a narrower dialog
        room = self.screen().availableGeometry().height() - _TITLE_BAR
        self.resize(_WIDTH, min(column.totalHeightForWidth(_WIDTH), room))
        self.apply.setFocus()

    @property
    def chosen(self) -> Way:
        """The changes to make."""
        return self._ways[max(0, self._group.checkedId())]

    @property
    def cards(self) -> list[QAbstractButton]:
        """What can be pressed to choose; none where there is only one way."""
        return self._group.buttons()

    def _cards(self, say: Say) -> list[QWidget]:
        if len(self._ways) == 1:
            card = Card()
            _tell(card.body, self._ways[0], say)
            return [card]
        return [self._choice(place, way, say) for place, way in enumerate(self._ways)]

    def _choice(self, place: int, way: Way, say: Say) -> ChoiceCard:
        choice = ChoiceCard()
        _tell(choice.body, way, say)
        choice.setAccessibleName(", ".join(say(change) for change in way))
        choice.setChecked(place == 0)
        choice.seal()
        self._group.addButton(choice, place)
        return choice

    def _foot(self) -> QHBoxLayout:
        self.apply, cancel = Button(self.tr("Make these changes"), "primary"), Button(self.tr("Cancel"))
        self.apply.clicked.connect(self.accept)
        cancel.clicked.connect(self.reject)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(cancel)
        foot.addWidget(self.apply)
        return foot


def _tell(body: QVBoxLayout, way: Way, say: Say) -> None:
    """One line for the fields that go together, and below it what they cost."""
    for costs, together in groupby(way, key=lambda change: change.costs):
        changes = list(together)
        row, both = QHBoxLayout(), QVBoxLayout()
        row.addWidget(words(" · ".join(map(say, changes)), "strong", wrap=True), 1)
        row.addWidget(words(_figures(changes), "good"))
        both.setSpacing(2)
        both.addLayout(row)
        both.addWidget(words(costs, "small", wrap=True))
        body.addLayout(both)
    body.setSpacing(10)


def _figures(changes: Way) -> str:
    """`saves 4.2 GB, +12 min`; no time where the estimate sees no difference."""
    saves = QCoreApplication.translate("FitDialog", "saves {size}").format(size=bytes_text(sum(change.saves_bytes for change in changes)))
    adds = sum(change.adds_seconds for change in changes)
    return f"{saves}, {'+' if adds > 0 else '−'}{span_text(abs(adds))}" if abs(adds) >= 1 else saves
