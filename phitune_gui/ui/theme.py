"""Colours, sizes and the one style sheet of the window, light and dark, from one table of tokens."""

from dataclasses import asdict, dataclass
from string import Template
from typing import Literal

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QStyleFactory

from phitune_gui.files.resources import resource
from phitune_gui.ui.fonts import provide_tamil

ThemeChoice = Literal["system", "light", "dark"]


@dataclass(frozen=True)
class Tokens:
    """The colours of one theme; names say what a colour is for."""

    name: str
    ground: str
    panel: str
    line: str
    text: str
    quiet: str
    accent: str
    accent_hover: str
    accent_soft: str
    accent_faint: str
    on_accent: str
    validation: str
    good: str
    good_soft: str
    advice: str
    advice_soft: str
    problem: str
    problem_soft: str
    track: str
    hover: str


LIGHT = Tokens(
    name="light", ground="#f6f7f9", panel="#ffffff", line="#e3e6eb", text="#1b1f27", quiet="#5d6675", accent="#3457d5",
    accent_hover="#2a48b8", accent_soft="#e8edfd", accent_faint="#b7c2ee", on_accent="#ffffff", validation="#b23a0a", good="#1f7a4d",
    good_soft="#e4f3ea", advice="#9a5b00", advice_soft="#fff5e0", problem="#b3261e", problem_soft="#fdecea", track="#edeff4",
    hover="#f0f2f6",
)  # fmt: skip
DARK = Tokens(
    name="dark", ground="#14171c", panel="#1c2027", line="#2d333d", text="#e8ebf0", quiet="#a0a9b8", accent="#8ea6ff",
    accent_hover="#a9bbff", accent_soft="#26304f", accent_faint="#4a578f", on_accent="#10142a", validation="#ffa36b", good="#6fd19e",
    good_soft="#173425", advice="#f0b95a", advice_soft="#3a2d14", problem="#ff8f86", problem_soft="#40201d", track="#262b34",
    hover="#232831",
)  # fmt: skip

TEXT_PAIRS: tuple[tuple[str, str], ...] = (
    ("text", "ground"), ("text", "panel"), ("text", "accent_soft"), ("text", "good_soft"), ("text", "hover"), ("text", "problem_soft"),
    ("quiet", "ground"), ("quiet", "panel"), ("quiet", "track"), ("quiet", "accent_soft"), ("quiet", "hover"),
    ("accent", "ground"), ("accent", "panel"), ("accent", "accent_soft"), ("on_accent", "accent"), ("on_accent", "accent_hover"),
    ("validation", "panel"), ("good", "panel"), ("good", "ground"), ("good", "good_soft"), ("advice", "advice_soft"), ("advice", "panel"),
    ("problem", "problem_soft"), ("problem", "panel"), ("problem", "ground"),
)  # fmt: skip
"""Every (text, background) pair the window uses; each must reach 4.5:1 in both themes."""

RADIUS_CARD = 10
RADIUS_CONTROL = 8
CONTROL_HEIGHT = 36
RAIL_WIDTH = 188
RUN_CARD_WIDTH = 276
PAGE_WIDTH = 764
GAP = (8, 12, 16, 24)
BODY, SMALL, HEADING, TITLE = 14, 13, 15, 21
"""Text sizes in px; titles are the only large text."""


def current_tokens() -> Tokens:
    """The tokens of the theme that is showing now."""
    return DARK if QGuiApplication.palette().color(QPalette.ColorRole.Window).lightnessF() < 0.5 else LIGHT


def contrast(one: str, other: str) -> float:
    """WCAG contrast ratio of two colours, 1 to 21."""
    bright, dark = sorted((_luminance(QColor(one)), _luminance(QColor(other))), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(colour: QColor) -> float:
    parts = (colour.redF(), colour.greenF(), colour.blueF())
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return float(0.2126 * red + 0.7152 * green + 0.0722 * blue)


def style_sheet(tokens: Tokens) -> str:
    """The whole window's style sheet in this theme."""
    template = Template(resource("style", "phitune.qss").read_text(encoding="utf-8"))
    icons = resource("icons").as_posix()
    sizes = {"body": BODY, "small": SMALL, "heading": HEADING, "title": TITLE, "card": RADIUS_CARD, "control": RADIUS_CONTROL}
    return template.substitute(asdict(tokens), icons=icons, **{name: f"{size}px" for name, size in sizes.items()})


def palette(tokens: Tokens) -> QPalette:
    """What Fusion paints with where the style sheet says nothing."""
    roles = QPalette.ColorRole
    made = QPalette()
    pairs = {
        roles.Window: tokens.ground, roles.WindowText: tokens.text, roles.Base: tokens.panel, roles.AlternateBase: tokens.ground,
        roles.Text: tokens.text, roles.Button: tokens.panel, roles.ButtonText: tokens.text, roles.ToolTipBase: tokens.panel,
        roles.ToolTipText: tokens.text, roles.PlaceholderText: tokens.quiet, roles.Highlight: tokens.accent,
        roles.HighlightedText: tokens.on_accent, roles.Link: tokens.accent, roles.LinkVisited: tokens.accent, roles.Mid: tokens.line,
        roles.Light: tokens.panel, roles.Midlight: tokens.line, roles.Dark: tokens.line, roles.Shadow: tokens.line,
        roles.Accent: tokens.accent,
    }  # fmt: skip
    for role, colour in pairs.items():
        made.setColor(role, QColor(colour))
    for role in (roles.Text, roles.WindowText, roles.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, role, QColor(tokens.quiet))
    return made


def body_font() -> QFont:
    """The system's font, or Inter where it is present."""
    font = QFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont))
    if "Inter" in QFontDatabase.families():
        font.setFamily("Inter")
    font.setPixelSize(BODY)
    return font


def fixed_font() -> QFont:
    """The system's fixed width font at small size, for tokens and paths."""
    font = QFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
    font.setPixelSize(SMALL)
    return font


class Theme(QObject):
    """Shows the chosen theme and follows the system while the choice is `system`."""

    changed = Signal()

    def __init__(self, app: QApplication, choice: ThemeChoice = "system") -> None:
        super().__init__(app)
        self._app = app
        self.choice: ThemeChoice = choice
        app.setStyle(QStyleFactory.create("Fusion"))
        provide_tamil()
        app.setFont(body_font())
        app.styleHints().colorSchemeChanged.connect(self._follow_system)
        self._show()

    def choose(self, choice: ThemeChoice) -> None:
        """Shows this theme from now on."""
        if choice != self.choice:
            self.choice = choice
            self._show()

    def toggle(self) -> ThemeChoice:
        """Turns light to dark and back; returns the new choice."""
        self.choose("light" if current_tokens() is DARK else "dark")
        return self.choice

    @property
    def tokens(self) -> Tokens:
        """The tokens that the choice means on this system now."""
        if self.choice == "system":
            return DARK if self._app.styleHints().colorScheme() == Qt.ColorScheme.Dark else LIGHT
        return DARK if self.choice == "dark" else LIGHT

    def _follow_system(self) -> None:
        if self.choice == "system":
            self._show()

    def _show(self) -> None:
        self._app.setPalette(palette(self.tokens))
        self._app.setStyleSheet(style_sheet(self.tokens))
        self.changed.emit()
