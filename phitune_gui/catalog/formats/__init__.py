"""The dataset formats PhiTune reads, in the order in which a tie between them is decided."""

from collections.abc import Sequence

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
from phitune_gui.catalog.formats.classification import LABELS
from phitune_gui.catalog.formats.dataset_format import Columns, DatasetFormat
from phitune_gui.catalog.formats.template import ASSISTANT, USER, example
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


def columns_for(id: str, before: str, columns: Columns, names: Sequence[str]) -> dict[str, str]:
    """What was said of columns under the format `before`, as far as it holds for another; a template begins with an example of `names`.

    Texts of a template mean nothing elsewhere, and names of columns are no texts.
    """
    was_written = before == template.FORMAT.id or (before == "auto" and not {USER.id, ASSISTANT.id}.isdisjoint(columns))
    if id == template.FORMAT.id:
        return dict(columns) if was_written else example(names) if names else {}
    roles = {role.id for each in FORMATS if id in ("auto", each.id) for role in each.roles} | {LABELS}
    return {} if was_written else {role: column for role, column in columns.items() if role in roles}


def format_by_id(id: str) -> DatasetFormat:
    """The format of this id; KeyError when there is none."""
    return {each.id: each for each in FORMATS}[id]
