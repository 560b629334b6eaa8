"""Of a row of any format the answers are learned through their end, and nothing else is."""

import pytest

from phitune_gui.catalog.formats import format_by_id
from phitune_gui.data.tokens import ChatTokenizer
from tests.catalog.test_formats import ROWS


@pytest.mark.parametrize(("id", "row", "wanted"), ROWS)
def test_the_answers_of_a_row_are_learned(
    tiny: ChatTokenizer, id: str, row: dict[str, object], wanted: tuple[tuple[str, str], ...]
) -> None:
    conversation = format_by_id(id).to_messages(row, {})

    encoded, texts = tiny.encode(conversation), tiny.token_texts(conversation)

    learned = "".join(text for text, is_learned in zip(texts, encoded.learned, strict=True) if is_learned)
    assert learned == "".join(f"{said}<|end|>" for role, said in wanted if role == "assistant")
