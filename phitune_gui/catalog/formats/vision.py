"""Tells rows with pictures, which text models cannot learn from; not a format that is offered, but one that is refused in words."""

from collections.abc import Mapping
from typing import Any

from phitune_gui.catalog.formats.dataset_format import BadRow, Row

PICTURES = frozenset({"image", "images", "image_path", "image_url", "image_file", "pixel_values", "video", "videos"})
TURNS = frozenset({"messages", "conversations", "conversation", "prompt", "chosen"})
PARTS = frozenset({"image", "image_url", "input_image", "video", "video_url"})
REASON = "The row has a picture, and the models that PhiTune trains read only text."
FIX = "Choose a dataset of text, or leave the pictures' columns and parts out; to learn from the texts alone, choose the format yourself."


def shows_pictures(row: Row) -> bool:
    """Whether a column holds a picture (or where it lies), or a message has a part that is one."""
    for name, value in row.items():
        column = name.strip().lower()
        if column in PICTURES and isinstance(value, str | bytes | list | Mapping) and len(value) > 0:
            return True
        if column in TURNS and isinstance(value, list) and any(_has_picture(turn) for turn in value):
            return True
    return False


def refuse_pictures(row: Row) -> None:
    """Raises BadRow for a row that shows pictures."""
    if shows_pictures(row):
        raise BadRow(REASON, FIX)


def _has_picture(turn: Any) -> bool:
    parts = turn.get("content") if isinstance(turn, Mapping) else None
    return isinstance(parts, list) and any(isinstance(part, Mapping) and str(part.get("type")) in PARTS for part in parts)
