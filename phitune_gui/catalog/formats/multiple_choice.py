"""Questions with several answers of which some are right: those of TruthfulQA, and those that offer choices to pick from."""

from collections.abc import Mapping
from typing import Any

from phitune_gui.catalog.formats.dataset_format import (
    BadRow,
    ColumnRole,
    Columns,
    DatasetFormat,
    Row,
    ask,
    has_roles,
    is_preference,
    text_of,
)
from phitune_gui.core.messages import Conversation

QUESTION = ColumnRole("question", "What is asked.", ("question", "query", "problem"))
BEST = ColumnRole(
    "best_answer", "The answer that is learned: its text, or the letter or number of the choice that is right.",
    ("best answer", "best_answer", "correct answer", "correct_answer", "answer", "answerKey", "answer_key"),
)  # fmt: skip
INCORRECT = ColumnRole(
    "incorrect_answers", "Wrong answers; not shown and not learned.",
    ("incorrect answers", "incorrect_answers", "wrong answers", "wrong_answers"), required=False,
)  # fmt: skip
CHOICES = ColumnRole("choices", "The answers to pick from; listed below the question.", ("choices", "options"), required=False)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
BEST_NOTE = "Of each question the best answer is learned; the other right answers and the wrong ones are neither shown nor learned."


def looks_like(row: Row) -> float:
    """Certain when a question and its right answer stand beside wrong answers or choices."""
    if is_preference(row) or not has_roles(row, (QUESTION, BEST)):
        return 0.0
    has_choices = isinstance(CHOICES.value(row, {}), list | dict) or _lettered(row) != {}
    return 1.0 if has_choices or has_roles(row, (INCORRECT,)) else 0.0


def to_messages(row: Row, columns: Columns) -> Conversation:
    """The question asks, with the choices below it where there are some; the right answer answers."""
    question, choices = QUESTION.text(row, columns), _choices(row, columns)
    if not choices:
        return ask(question, BEST.text(row, columns)).model_copy(update={"notes": (BEST_NOTE,)})
    listed = [f"{letter}. {choice}" for letter, choice in choices.items()]
    right = _right(BEST.value(row, columns), choices)
    return ask(question + "\n\n" + "\n".join(listed), f"{right}. {choices[right]}")


def _choices(row: Row, columns: Columns) -> dict[str, str]:
    """The choices by letter (or by the label the row gives them); empty when the row offers none."""
    offered = CHOICES.value(row, columns)
    if isinstance(offered, Mapping) and isinstance(offered.get("text"), list):  # ARC: {"text": [...], "label": [...]}
        labels = offered.get("label")
        labels = labels if isinstance(labels, list) else LETTERS[: len(offered["text"])]
        named = list(zip(map(str, labels), offered["text"], strict=False))
    elif isinstance(offered, Mapping):
        named = [(str(label), choice) for label, choice in offered.items() if choice is not None]
    elif isinstance(offered, list):
        named = list(zip(LETTERS, offered, strict=False))
    else:
        named = list(_lettered(row).items())
    if len(named) == 1 or (isinstance(offered, list) and not 2 <= len(offered) <= len(LETTERS)):
        raise BadRow(f"The choices are not 2 to {len(LETTERS)}.", "Give at least two choices, or leave the row out.")
    return {label: text_of(choice, f"choice {label}") for label, choice in named}


def _lettered(row: Row) -> dict[str, Any]:
    """The columns A, B, ... as choices, up to the first letter that is missing; none unless there are two."""
    found: dict[str, Any] = {}
    for letter in LETTERS:
        column = ColumnRole(letter, "", (letter, f"option_{letter}", f"option {letter}"), required=False).column(row, {})
        if column is None or row[column] in (None, ""):
            break
        found[letter] = row[column]
    return found if len(found) > 1 else {}


def _right(answer: Any, choices: Mapping[str, str]) -> str:
    """The label of the choice that `answer` names: by its text, its label, or its number from 0 where it is written as a number."""
    if answer is None or (isinstance(answer, str) and not answer.strip()):
        raise BadRow("The best_answer is empty.", "Say which choice is right, or leave the row out.")
    labels = list(choices)
    if isinstance(answer, int) and not isinstance(answer, bool) and str(answer) not in choices and 0 <= answer < len(labels):
        return labels[answer]
    said = text_of(answer, "best_answer").strip()
    named = said.strip("().:").upper()
    by_text = next((label for label, choice in choices.items() if choice.strip() == said), None)
    found = by_text or next((label for label in labels if label.upper() == named), None)
    if found is None:
        raise BadRow(f"The answer '{said[:60]}' is none of the choices.", f"Write the right choice's text, or one of: {', '.join(labels)}.")
    return found


FORMAT = DatasetFormat(
    id="multiple_choice",
    label="Multiple choice",
    summary=(
        "Each row has a question and its best answer beside wrong ones (TruthfulQA), or choices of which one is right; "
        "choices are listed below the question and the right one is learned with its letter."
    ),
    roles=(QUESTION, BEST, INCORRECT, CHOICES),
    looks_like=looks_like,
    to_messages=to_messages,
)
