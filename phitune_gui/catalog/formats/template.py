"""Any columns, put into texts that the person writes: `Translate to {language}: {text}` for the user, `{answer}` for the assistant."""

from collections.abc import Sequence
from dataclasses import dataclass

from phitune_gui.catalog.formats.dataset_format import BadRow, ColumnRole, Columns, DatasetFormat, Row, ask, named_column, text_of
from phitune_gui.catalog.formats.placeholders import BadTemplate, columns_in, pieces
from phitune_gui.core.messages import Conversation


@dataclass(frozen=True, slots=True)
class TemplateRole(ColumnRole):
    """A part that a written text plays, with columns in braces; it is never found by a usual name.

    `differs` refuses a text without any column, which would say the same for every row.
    """

    differs: bool = False

    def named(self, said: str) -> tuple[str, ...]:
        """The columns in braces. Raises BadTemplate for braces that do not pair, and for a text that must differ and does not."""
        names = columns_in(said)
        if self.differs and not names:
            raise BadTemplate(
                f"The template of the {self.id} names no column, so every row would teach the same.",
                "Put a column's name in braces into it.",
            )
        return names

    def found(self, row: Row, columns: Columns) -> bool:
        """Whether a text was written and the row has every column that it names."""
        said = columns.get(self.id)
        return said is not None and all(named_column(row, name) is not None for name in self.named(said))

    def text(self, row: Row, columns: Columns) -> str:
        """The text with this row's columns put in. Raises BadRow when one is missing or no text, and when nothing stands in the result."""
        text = "".join(_cell(row, piece.text) if piece.is_column else piece.text for piece in pieces(columns.get(self.id, "")))
        if self.required and not text.strip():
            raise BadRow(f"The {self.id} is empty.", "Fill in the columns that its template names, or leave the row out.")
        return text


def _cell(row: Row, name: str) -> str:
    column = named_column(row, name)
    if column is None:
        raise BadRow(f"The key '{name}' is missing.", f"Add '{name}' to this row, or leave the row out.")
    return text_of(row[column], name)


SYSTEM = TemplateRole("system", "How the assistant should behave; may be empty.", (), required=False)
USER = TemplateRole("user", "What is asked.", ())
ASSISTANT = TemplateRole("assistant", "The answer that is learned.", (), differs=True)


def looks_like(row: Row) -> float:
    """Never: no row says what a person would write around it."""
    del row
    return 0.0


def to_messages(row: Row, columns: Columns) -> Conversation:
    """The written texts with the row's columns put in."""
    return ask(USER.text(row, columns), ASSISTANT.text(row, columns), SYSTEM.text(row, columns))


def example(names: Sequence[str]) -> dict[str, str]:
    """Templates to begin with: the first of these columns asks and the last answers. Names with braces cannot stand in one."""
    usable = [name for name in names if name.strip() and not {"{", "}"} & set(name)] or ["column"]
    asks = f"{{{usable[0]}}}" if len(usable) > 1 else "Write a text."
    return {USER.id: asks, ASSISTANT.id: f"{{{usable[-1]}}}"}


FORMAT = DatasetFormat(
    id="template",
    label="Your own template",
    summary=(
        "Each row has columns of any name. You write what the user says and what the assistant answers, with columns in braces, such as "
        "“Translate to {language}: {text}”; {{ and }} are the braces themselves."
    ),
    roles=(SYSTEM, USER, ASSISTANT),
    looks_like=looks_like,
    to_messages=to_messages,
)
