"""The dataset formats PhiTune reads, in the order in which a tie between them is decided."""

from phitune_gui.catalog.formats import (
    alpaca,
    classification,
    multiple_choice,
    ner,
    openai_messages,
    plain_text,
    preference,
    prompt_completion,
    question_answer,
    sharegpt,
    template,
    text_truth,
    translation,
)
from phitune_gui.catalog.formats.dataset_format import DatasetFormat
from phitune_gui.core.problem import Problem

FORMATS: tuple[DatasetFormat, ...] = (
    openai_messages.FORMAT,
    sharegpt.FORMAT,
    alpaca.FORMAT,
    prompt_completion.FORMAT,
    question_answer.FORMAT,
    multiple_choice.FORMAT,
    classification.FORMAT,
    text_truth.FORMAT,
    translation.FORMAT,
    ner.FORMAT,
    preference.FORMAT,
    plain_text.FORMAT,
    template.FORMAT,
)


def unknown_format(id: str) -> Problem | None:
    """What to say of an id that no format has, `auto` apart; None for one that there is."""
    known = [each.id for each in FORMATS]
    if id in ("auto", *known):
        return None
    fix = f"Choose one of: auto, {', '.join(known)}."
    return Problem(where="data.format", what=f"There is no dataset format '{id}'.", how_to_fix=fix)


def format_by_id(id: str) -> DatasetFormat:
    """The format of this id; KeyError when there is none."""
    return {each.id: each for each in FORMATS}[id]
