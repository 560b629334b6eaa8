"""The parity report for people: the verdict first, then every figure beside what it is compared with."""

from typing import NamedTuple

from PySide6.QtCore import QCoreApplication, QEvent, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QWidget

from phitune_gui.core.parity import ParityReport
from phitune_gui.core.run import Export
from phitune_gui.ui import icons
from phitune_gui.ui.theme import current_tokens
from phitune_gui.ui.widgets.buttons import Button
from phitune_gui.ui.widgets.card import Card, hairline
from phitune_gui.ui.widgets.figures import bytes_text, count_text, number_text, percent_text, short_seconds_text
from phitune_gui.ui.widgets.words import set_kind, words

NAME_WIDTH = 198
"""Px that the longest name of a figure needs for one line."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("ParityView", text)


class Figure(NamedTuple):
    """One line of the table; `passed` is None where nothing is asked for."""

    name: str
    value: str
    asked: str = ""
    passed: bool | None = None


def figures(report: ParityReport) -> list[Figure]:
    """Every figure of the report in the order people ask for them."""
    bar = report.bar
    least = _tr("at least {share}").format(share=percent_text(bar.min_top1)) if bar.min_top1 is not None else ""
    most = _tr("at most {number}").format(number=number_text(bar.max_logit_difference)) if bar.max_logit_difference is not None else ""
    change = _tr("at most {number}").format(number=number_text(bar.max_loss_change)) if bar.max_loss_change is not None else ""
    losses = _tr("{export}, the original {reference}").format(export=f"{report.export_loss:.3f}", reference=f"{report.reference_loss:.3f}")
    return [
        Figure(_tr("Same most likely token"), percent_text(report.top1), least, _reaches(report.top1, bar.min_top1)),
        Figure(_tr("Divergence (KL)"), _tr("{number} nats").format(number=number_text(report.kl))),
        Figure(
            _tr("Largest logit difference"), number_text(report.max_logit_difference), most,
            _stays(report.max_logit_difference, bar.max_logit_difference),
        ),
        Figure(_tr("Loss on the compared texts"), losses),
        Figure(_tr("Change of the loss"), f"{report.loss_change:+.3f}", change, _stays(report.loss_change, bar.max_loss_change)),
        *([Figure(_tr("Answers token by token"), _decoded(report))] if report.decoded_answers else ()),
        Figure(_tr("Tokens are numbered alike"), _alike(report), "", report.tokenizer_agrees),
        Figure(_tr("Knows where an answer ends"), _yes(report.stops), "", report.stops),
        Figure(_tr("Compared on"), _tr("{places} places in {texts} texts").format(places=count_text(report.positions), texts=report.texts)),
        Figure(_tr("Size"), bytes_text(report.bytes)),
        Figure(_tr("Loads in"), short_seconds_text(report.load_seconds)),
        *([Figure(_tr("First token after"), short_seconds_text(first))] if (first := report.first_token_seconds) else ()),
        *([Figure(_tr("Speed on this processor"), _tr("{number} tokens/s").format(number=number_text(speed)))]
          if (speed := report.tokens_per_second) else ()),
    ]  # fmt: skip


class ParityView(Card):
    """Shows one export. Emits `folder_asked`, `chat_asked` and `check_asked` with its path."""

    folder_asked = Signal(str)
    chat_asked = Signal(str)
    check_asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._path = ""
        self._shown: tuple[Export, bool, bool] | None = None
        self._sign: tuple[str, str] = ("alert", "advice")
        self._mark = QLabel()
        self.verdict, self.why = words("", "title"), words("", "body", wrap=True, selectable=True)
        self.place = words("", "small", wrap=True, selectable=True)
        self._table = QWidget()
        self._table.setObjectName("plain")
        self._grid = QGridLayout(self._table)
        self._grid.setContentsMargins(0, 4, 0, 4)
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnMinimumWidth(0, NAME_WIDTH)
        self._grid.setColumnStretch(1, 1)
        self.tried = words("", "small", wrap=True, selectable=True)
        self.folder, self.chat = Button(self.tr("Open folder")), Button(self.tr("Chat with it"), "primary")
        self.check = Button(self.tr("Check again"))
        row = QHBoxLayout()
        row.setSpacing(10)
        for button in (self.chat, self.folder, self.check):
            row.addWidget(button)
        row.addStretch(1)
        self._line = hairline()
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(self._mark)
        head.addWidget(self.verdict, 1)
        self.body.addLayout(head)
        for widget in (self.why, self.place, self._line, self._table, self.tried):
            self.body.addWidget(widget)
        self.body.addLayout(row)
        self.folder.clicked.connect(lambda: self.folder_asked.emit(self._path))
        self.chat.clicked.connect(lambda: self.chat_asked.emit(self._path))
        self.check.clicked.connect(lambda: self.check_asked.emit(self._path))

    def show_export(self, export: Export, *, can_chat: bool, can_check: bool) -> None:
        """Shows an export with its report; without a passed check it is never called ready."""
        if (export, can_chat, can_check) == self._shown:
            return
        self._shown = (export, can_chat, can_check)
        report = export.report
        self._path = export.path
        self.place.setText(export.path)
        self.verdict.setText(verdict_text(report) if report or can_check else self.tr("Nothing to check"))
        self.why.setText(report.why if report else self._unchecked(can_check))
        self.setAccessibleName(f"{self.verdict.text()}. {self.why.text()}")
        self._sign = ("alert", "advice") if report is None else ("tick", "good") if report.verified else ("alert", "problem")
        self._mark.setVisible(report is not None or can_check)
        self._draw_mark()
        self._fill(report)
        self._line.setVisible(report is not None)
        self.tried.setVisible(bool(report and report.tried))
        if report and report.tried:
            self.tried.setText(self.tr("Tried first and not kept:") + "\n" + "\n".join(f"·  {sentence}" for sentence in report.tried))
        self.chat.setVisible(can_chat)
        set_kind(self.chat, "primary" if report and report.verified else "plain")
        self.check.setVisible(can_check)
        self.check.setText(self.tr("Check again") if report else self.tr("Check now"))

    def _unchecked(self, can_check: bool) -> str:
        if can_check:
            return self.tr("It is not known whether this export answers like the model it was made from. Check it before you use it.")
        return self.tr("Nothing was converted, so there is nothing to compare: the numbers are the ones that were learned.")

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_mark"):
            self._draw_mark()

    def _draw_mark(self) -> None:
        name, token = self._sign
        self._mark.setPixmap(icons.pixmap(name, str(getattr(current_tokens(), token)), 24, self.devicePixelRatioF()))

    def _fill(self, report: ParityReport | None) -> None:
        while self._grid.count():
            item = self._grid.takeAt(0)
            if item is not None and (old := item.widget()) is not None:
                old.hide()
                old.deleteLater()
        self._table.setVisible(report is not None)
        for row, figure in enumerate(figures(report) if report else ()):
            self._add_row(row, figure)

    def _add_row(self, row: int, figure: Figure) -> None:
        name, value = words(figure.name, "key", wrap=True), words(figure.value, "value", selectable=True)
        value.setAccessibleName(f"{figure.name}: {figure.value}")
        both = QWidget()
        both.setObjectName("plain")
        told = QHBoxLayout(both)
        told.setContentsMargins(0, 0, 0, 0)
        told.setSpacing(10)
        told.addWidget(value)
        if figure.asked:
            told.addWidget(words(figure.asked, "key"))
        told.addStretch(1)
        self._grid.addWidget(name, row, 0)
        self._grid.addWidget(both, row, 1)
        if figure.passed is not None:
            mark = words(_tr("passed") if figure.passed else _tr("not passed"), "good" if figure.passed else "bad")
            self._grid.addWidget(mark, row, 2, Qt.AlignmentFlag.AlignRight)


def verdict_text(report: ParityReport | None) -> str:
    """The big line."""
    if report is None:
        return _tr("Not checked")
    return _tr("Verified") if report.verified else _tr("Not verified")


def _reaches(value: float, least: float | None) -> bool | None:
    return None if least is None else value >= least


def _stays(value: float, most: float | None) -> bool | None:
    return None if most is None else value <= most


def _decoded(report: ParityReport) -> str:
    """How far the answers go together; whether that is close enough is judged by the original's second choices, and said above."""
    said = _tr("{equal} of {all} tokens alike on average")
    return said.format(equal=f"{report.decode_prefix:.1f}", all=f"{report.decode_tokens:.1f}")


def _alike(report: ParityReport) -> str:
    """`yes`, or how many of the compared tokens other programs may see differently; PhiTune numbers them itself."""
    if not report.tokenizer_agrees or not report.tokenizer_drift:
        return _yes(report.tokenizer_agrees)
    return _tr("all but {share}").format(share=percent_text(report.tokenizer_drift))


def _yes(claim: bool) -> str:
    return _tr("yes") if claim else _tr("no")
