"""The split follows from seed and content alone, never loses a row, and holds out what was asked for."""

from hypothesis import given
from hypothesis import strategies as st

from phitune_gui.core.messages import Conversation
from phitune_gui.data.split import split, without_duplicates

ROWS = [Conversation(text=f"text {number}", row=number) for number in range(100)]


@given(st.integers(0, 100), st.floats(0, 50), st.integers(0, 2**31 - 1))
def test_every_row_is_on_one_side_in_file_order(count: int, percent: float, seed: int) -> None:
    train, validation = split(ROWS[:count], percent, seed)

    assert sorted([*train, *validation], key=lambda each: each.row) == ROWS[:count]
    assert [each.row for each in train] == sorted(each.row for each in train)
    assert split(ROWS[:count], percent, seed) == (train, validation)
    if percent > 0 and count >= 10:
        assert len(validation) == max(1, round(count * percent / 100))
    if percent == 0:
        assert not validation


def test_another_seed_holds_out_others() -> None:
    assert split(ROWS, 10, 1)[1] != split(ROWS, 10, 2)[1]


def test_a_row_more_moves_few_others() -> None:
    before = {each.text for each in split(ROWS[:99], 10, 7)[1]}
    after = {each.text for each in split(ROWS, 10, 7)[1]}

    assert len(before ^ after) <= 2


def test_the_second_of_two_equal_rows_is_left_out() -> None:
    rows = [Conversation(text=text, row=row) for row, text in enumerate("abacb")]

    assert [(each.text, each.row) for each in without_duplicates(rows)] == [("a", 0), ("b", 1), ("c", 3)]
