"""All rows of some files at once, for tests that look at them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from phitune_gui.core.dataset_report import RejectedRow
from phitune_gui.core.messages import Conversation
from phitune_gui.core.recipe import DataSection
from phitune_gui.data.rows import RowReader


class AllRows:
    """What the reader counted, and the conversations."""

    def __init__(self, reader: RowReader) -> None:
        self.conversations: list[Conversation] = []
        for row in reader:
            if isinstance(row, RejectedRow):
                reader.reject(row)
            else:
                self.conversations.append(row)
        self._dataset = reader.dataset()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._dataset, name)


def load_rows(paths: Sequence[Path], data: DataSection, max_rows: int | None = None) -> AllRows:
    """The rows of all files."""
    return AllRows(RowReader(paths, data, max_rows))
