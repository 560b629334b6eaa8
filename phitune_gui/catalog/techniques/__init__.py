"""The ways to train that PhiTune offers, in the order they are shown; adding one is one file and one name in the list."""

from typing import Any

from pydantic import ValidationError

from phitune_gui.catalog.techniques.adalora import ADALORA
from phitune_gui.catalog.techniques.boft import BOFT
from phitune_gui.catalog.techniques.dora import DORA
from phitune_gui.catalog.techniques.eva import EVA
from phitune_gui.catalog.techniques.full import FULL
from phitune_gui.catalog.techniques.ia3 import IA3
from phitune_gui.catalog.techniques.loftq import LOFTQ
from phitune_gui.catalog.techniques.loha import LOHA
from phitune_gui.catalog.techniques.lokr import LOKR
from phitune_gui.catalog.techniques.lora import LORA
from phitune_gui.catalog.techniques.loraplus import LORA_PLUS
from phitune_gui.catalog.techniques.oft import OFT
from phitune_gui.catalog.techniques.olora import OLORA
from phitune_gui.catalog.techniques.option_errors import option_errors
from phitune_gui.catalog.techniques.pissa import PISSA
from phitune_gui.catalog.techniques.prefix import PREFIX
from phitune_gui.catalog.techniques.prompt import PROMPT
from phitune_gui.catalog.techniques.ptuning import PTUNING
from phitune_gui.catalog.techniques.qdora import QDORA
from phitune_gui.catalog.techniques.qlora import QLORA
from phitune_gui.catalog.techniques.rslora import RSLORA
from phitune_gui.catalog.techniques.technique import Technique
from phitune_gui.catalog.techniques.vera import VERA
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.problem import CannotStart, Problem
from phitune_gui.core.recipe import TechniqueSection
from phitune_gui.core.value import Value

__all__ = ["TECHNIQUES", "Technique", "options_for", "technique", "technique_problems"]

TECHNIQUES: tuple[Technique[Any], ...] = (
    LORA,
    QLORA,
    LOFTQ,
    DORA,
    QDORA,
    LORA_PLUS,
    RSLORA,
    PISSA,
    OLORA,
    EVA,
    ADALORA,
    IA3,
    VERA,
    LOHA,
    LOKR,
    OFT,
    BOFT,
    PROMPT,
    PTUNING,
    PREFIX,
    FULL,
)


def technique(id: str) -> Technique[Any]:
    """The technique of this id; KeyError when there is none."""
    return {known.id: known for known in TECHNIQUES}[id]


def options_for(section: TechniqueSection) -> Value:
    """The section's options, validated by its technique; CannotStart names the first fault."""
    found = read_options(section)
    if isinstance(found, Value):
        return found
    first = found[0]
    raise CannotStart(first.where, first.what, first.how_to_fix)


def technique_problems(section: TechniqueSection, model: BaseModel | None) -> tuple[Problem, ...]:
    """Everything wrong with the section: an unknown id, faulty options, or what the technique itself finds."""
    found = read_options(section)
    return technique(section.id).checks(found, model) if isinstance(found, Value) else found


def read_options(section: TechniqueSection) -> Value | tuple[Problem, ...]:
    """The validated options, or at least one Problem."""
    try:
        known = technique(section.id)
    except KeyError:
        return (_unknown_technique(section.id),)
    try:
        return known.options.model_validate(section.options)  # type: ignore[no-any-return]
    except ValidationError as error:
        return tuple(option_errors(known.label, known.options, error))


def _unknown_technique(id: str) -> Problem:
    known = ", ".join(each.id for each in TECHNIQUES)
    return Problem(where="technique.id", what=f"PhiTune has no technique named {id!r}.", how_to_fix=f"Choose one of: {known}.")
