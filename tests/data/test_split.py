"""The split follows from seed and content alone, never loses a row, and holds out what was asked for."""

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from phitune_gui.core.messages import Conversation
from phitune_gui.data.key_set import KeySet
from phitune_gui.data.split import content_key, key_of, split

ROWS = [Conversation(text=f"text {number}", row=number) for number in range(100)]
KEYS = [content_key(row) for row in ROWS]


@given(st.integers(0, 100), st.floats(0, 50), st.integers(0, 2**31 - 1))
def test_every_row_is_on_one_side_in_file_order(count: int, percent: float, seed: int) -> None:
    train, validation = ([*places] for places in split(KEYS[:count], percent, seed))

    assert sorted([*train, *validation]) == [*range(count)]
    assert (train, validation) == (sorted(train), sorted(validation))
    assert tuple([*places] for places in split(KEYS[:count], percent, seed)) == (train, validation)
    if percent > 0 and count >= 10:
        assert len(validation) == max(1, round(count * percent / 100))
    if percent == 0:
        assert not validation


def test_who_is_held_out_has_stayed_the_same_since_the_first_version() -> None:
    assert [*split(KEYS, 5, 7)[1]] == [0, 18, 44, 71, 80]


def test_another_seed_holds_out_others() -> None:
    assert [*split(KEYS, 10, 1)[1]] != [*split(KEYS, 10, 2)[1]]


def test_a_row_more_moves_few_others() -> None:
    before, after = {*split(KEYS[:99], 10, 7)[1]}, {*split(KEYS, 10, 7)[1]}

    assert len(before ^ after) <= 2


@given(st.lists(st.integers(0, 3000)))
def test_the_second_of_two_equal_rows_is_told(texts: list[int]) -> None:
    rows, seen = [Conversation(text=str(text), row=row) for row, text in enumerate(texts)], KeySet()

    new = [row.text for row in rows if seen.add(content_key(row))]

    assert new == list(dict.fromkeys(row.text for row in rows))
    assert len(seen) == len(new)
    assert all(content_key(row) in seen for row in rows)
    assert content_key(Conversation(text="none")) not in seen
    assert [*seen] == [content_key(Conversation(text=text)) for text in new]


def test_a_key_takes_less_than_forty_bytes_also_while_the_set_grows() -> None:
    seen, rows = KeySet(), 300_000
    tracemalloc.start()
    try:
        for row in range(rows):
            assert seen.add(key_of(b"%d" % row))
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert most < 40 * rows
    assert not any(seen.add(key_of(b"%d" % row)) for row in range(rows))
