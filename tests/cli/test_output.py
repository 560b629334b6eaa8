"""What a terminal gets of strangers' words."""

import pytest

from phitune_gui.cli.output import say, table, tell


@pytest.mark.parametrize(("word", "seen"), [
    ("\x1b[2J[red]", "\\u001b[2J[red]"), ("a\u202eb", "a\\u202eb"), ("one\rtwo", "one\\u000dtwo"), ("க்\u200cஷ", "க்\u200cஷ"),
])  # fmt: skip
def test_no_word_moves_the_cursor_or_turns_the_writing(word: str, seen: str, capsys: pytest.CaptureFixture[str]) -> None:
    say(word)
    tell(word)
    table("", ["a"], [[word]])
    told = capsys.readouterr()
    assert seen in told.err
    assert told.out.count(seen) == 2
    assert not {"\x1b", "\u202e", "\r"} & set(told.out + told.err)
