"""What the model will see: the tokens of one row, with colour and pattern for learned, read only and cut off."""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor, QTextCharFormat, QTextCursor, QTextOption
from PySide6.QtWidgets import QHBoxLayout, QTextEdit, QVBoxLayout, QWidget

from phitune_gui.core.messages import Preview, PreviewToken
from phitune_gui.ui.theme import Tokens, current_tokens, fixed_font
from phitune_gui.ui.widgets.figures import count_text

LONGEST = 6_000
"""Tokens drawn at most: more is not read by a person, and laying it out would hold the window up."""
NEW_LINE = "⏎"


class TokenView(QWidget):
    """Text that can be selected and read aloud; a legend below counts each kind."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("plain")
        self._preview: Preview | None = None
        self.text = QTextEdit()
        self.text.setReadOnly(True)
        self.text.document().setDocumentMargin(0)
        self.text.setFont(fixed_font())
        self.text.setStyleSheet(
            "QTextEdit { border: none; padding: 0px; background: transparent; font-family: monospace; font-size: 13px; }"
        )
        self.text.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.text.setAccessibleName(self.tr("What the model will see"))
        self.text.setMinimumHeight(164)
        self.text.setTabChangesFocus(True)
        self.legend = _Legend()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.text, 1)
        column.addWidget(self.legend)

    def show_preview(self, preview: Preview | None) -> None:
        """Shows this row's tokens; None shows nothing."""
        self._preview = preview
        self._draw()

    def changeEvent(self, event: QEvent) -> None:
        """Draws again in the new theme's colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw()

    def _draw(self) -> None:
        tokens = self._preview.tokens if self._preview else ()
        formats = _formats(current_tokens())
        self.text.clear()
        cursor = QTextCursor(self.text.document())
        cursor.beginEditBlock()
        previous = ""
        for kind, text in _runs(tokens[:LONGEST]):
            cursor.insertText(text.replace("\n", NEW_LINE if previous.endswith("|>") or text == "\n" else NEW_LINE + "\n"), formats[kind])
            previous = text
        if len(tokens) > LONGEST:
            cursor.insertText(" …", formats["read"])
        cursor.endEditBlock()
        self.legend.show_counts(tokens)


class _Legend(QWidget):
    """One word per kind, in its look, with its count."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("plain")
        self.text = QTextEdit()
        self.text.setReadOnly(True)
        self.text.document().setDocumentMargin(0)
        self.text.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.text.setStyleSheet("QTextEdit { border: none; padding: 0px; background: transparent; font-size: 13px; }")
        self.text.setFixedHeight(26)
        self.text.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.text.setAccessibleName(self.tr("Counts"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.text)

    def show_counts(self, tokens: tuple[PreviewToken, ...]) -> None:
        """Counts the kinds of these tokens."""
        kinds = [_kind(token) for token in tokens]
        formats = _formats(current_tokens())
        self.text.clear()
        cursor = QTextCursor(self.text.document())
        quiet = QTextCharFormat()
        quiet.setForeground(QColor(current_tokens().quiet))
        for kind, label in (("learned", self.tr("learned")), ("read", self.tr("read only")), ("cut", self.tr("cut off"))):
            cursor.insertText(label, formats[kind])
            cursor.insertText(f" {count_text(kinds.count(kind))}      ", quiet)


def _kind(token: PreviewToken) -> str:
    return "cut" if token.cut else "learned" if token.learned else "read"


def _runs(tokens: tuple[PreviewToken, ...]) -> list[tuple[str, str]]:
    """Neighbours of one kind joined, but control tokens and line ends by themselves."""
    runs: list[tuple[str, str]] = []
    for token in tokens:
        kind = _kind(token)
        apart = token.text.startswith("<|") or token.text == "\n"
        if runs and runs[-1][0] == kind and not apart and not runs[-1][1].endswith("|>"):
            runs[-1] = (kind, runs[-1][1] + token.text)
        else:
            runs.append((kind, token.text))
    return runs


def _formats(tokens: Tokens) -> dict[str, QTextCharFormat]:
    learned, read, cut = QTextCharFormat(), QTextCharFormat(), QTextCharFormat()
    read.setForeground(QColor(tokens.quiet))
    learned.setForeground(QColor(tokens.text))
    learned.setBackground(QColor(tokens.good_soft))
    learned.setUnderlineStyle(QTextCharFormat.UnderlineStyle.SingleUnderline)
    learned.setUnderlineColor(QColor(tokens.good))
    cut.setForeground(QColor(tokens.problem))
    cut.setBackground(QColor(tokens.problem_soft))
    cut.setFontStrikeOut(True)
    cut.setUnderlineStyle(QTextCharFormat.UnderlineStyle.DotLine)
    cut.setUnderlineColor(QColor(tokens.problem))
    return {"learned": learned, "read": read, "cut": cut}
