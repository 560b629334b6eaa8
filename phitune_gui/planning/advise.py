"""From a scenario to techniques: what the document's table says of each, and how each would do on this machine with these data."""

from collections.abc import Iterator, Sequence
from typing import Any

from phitune_gui.catalog.launchers import LAUNCHERS
from phitune_gui.catalog.scenarios import SHARING, Cell, Column, Scenario, column_of
from phitune_gui.catalog.techniques import TECHNIQUES, Technique
from phitune_gui.core.plan import Change
from phitune_gui.core.recipe import LauncherSection, Recipe, TechniqueSection
from phitune_gui.core.value import Value
from phitune_gui.planning.fitted import Fitted, Ground, fitted, obstacle
from phitune_gui.planning.suitability import Suitability, suitability
from phitune_gui.planning.words import in_words, time_in_words


class Place(Value):
    """One place of a ranking. Bytes and seconds are the plan's after `changes`; 0 where nothing could be planned. `written_bytes` is the
    memory without these changes, by which techniques can be compared.

    `document_says` and `corrected` are None where the table has no word about this; `why` speaks about the table, `reason` about here.
    """

    technique: str
    label: str
    column: str
    document_says: bool | None
    corrected: bool | None
    why: str
    works_here: bool
    reason: str
    memory_bytes: int = 0
    written_bytes: int = 0
    available_bytes: int = 0
    seconds: float = 0.0
    trainable_parameters: int = 0
    changes: tuple[Change, ...] = ()
    can_be_chosen: bool = True
    """False for DeepSpeed and ZeRO, which the table lists among techniques although they say how devices share the work."""


def advise(scenario: Scenario, recipe: Recipe, ground: Ground) -> tuple[Place, ...]:
    """Every technique that PhiTune offers and the table's two ways to share, best first. A No of the table hides nothing."""
    ranked = [(_order(scenario, place, fit), place) for place, fit in _places(scenario, recipe, ground)]
    return tuple(place for _order, place in sorted(ranked, key=lambda pair: pair[0]))


def ranked_by(scenario: Scenario, places: Sequence[Place]) -> str:
    """What the order within the table's Yes and No goes by, in a sentence."""
    if scenario.aim == "cost" and not any(place.seconds for place in places):
        return "How long each takes is not known yet, so the order goes by memory, then by how much is trained."
    return {
        "task": "Ordered by how well each suits so many rows.",
        "cost": "Ordered by time, then by memory.",
        "memory": "Ordered by memory.",
        "fewer_parameters": "Ordered by how much is trained.",
        "devices": "Ordered by memory.",
    }[scenario.aim]


def _places(scenario: Scenario, recipe: Recipe, ground: Ground) -> Iterator[tuple[Place, Suitability]]:
    for offered in TECHNIQUES:
        made = fitted(_with_technique(recipe, offered.id), ground)
        fit = suitability(made.plan) if scenario.aim == "task" else Suitability(0, "")
        yield _technique_place(scenario, offered, made, (fit, ground)), fit
    for column in SHARING:
        yield _sharing_place(scenario, column, recipe, ground), Suitability(0, "")


def _with_technique(recipe: Recipe, id: str) -> Recipe:
    """The recipe's own options where it has chosen this technique already, else the defaults."""
    return recipe if recipe.technique.id == id else recipe.model_copy(update={"technique": TechniqueSection(id=id)})


def _technique_place(scenario: Scenario, offered: Technique[Any], made: Fitted, here: tuple[Suitability, Ground]) -> Place:
    (fit, ground), plan, column = here, made.plan, column_of(offered)
    blocked = obstacle(plan, ground.hardware)
    cell = scenario.cell(column) if column else None
    reason = _no_way(made, blocked.what) if blocked else f"{_needs(made)}{fit.sentence and ' '}{fit.sentence}"
    return Place(
        technique=offered.id, label=offered.label, column=column or "", **_said(cell), works_here=blocked is None, reason=reason,
        memory_bytes=plan.memory.total_bytes, written_bytes=made.written_bytes,
        available_bytes=plan.memory.available_bytes, seconds=plan.time_seconds,
        trainable_parameters=plan.trainable_parameters, changes=made.changes,
    )  # fmt: skip


def _sharing_place(scenario: Scenario, column: Column, recipe: Recipe, ground: Ground) -> Place:
    devices = len(ground.hardware.gpus)
    trained = recipe.technique.id
    ways = [launcher for launcher in LAUNCHERS if launcher.shares and (launcher.techniques is None or trained in launcher.techniques)]
    shown = {"technique": column.lower(), "label": column, "column": column, "can_be_chosen": False, **_said(scenario.cell(column))}
    if devices < 2:
        reason = f"{column} shares one run among several graphics processors, and {'only one is' if devices else 'none is'} here."
        return Place(**shown, works_here=False, reason=reason)
    # The last one shares most.
    made = fitted(recipe.model_copy(update={"launcher": LauncherSection(id=ways[-1].id, processes=devices)}), ground)
    blocked, memory = obstacle(made.plan, ground.hardware), made.plan.memory
    return Place(
        **shown, works_here=blocked is None, reason=_no_way(made, blocked.what) if blocked else _needs(made),
        memory_bytes=memory.total_bytes, written_bytes=made.written_bytes,
        available_bytes=memory.available_bytes, seconds=made.plan.time_seconds,
        trainable_parameters=made.plan.trainable_parameters, changes=made.changes,
    )  # fmt: skip


def _said(cell: Cell | None) -> dict[str, Any]:
    """What the table says, as a place's fields."""
    if cell is None:
        return {"document_says": None, "corrected": None, "why": "The document's table has no column for this."}
    says = f"The document says {_yes(cell.document_says)} for {cell.column}"
    if not cell.is_corrected:
        return {"document_says": cell.document_says, "corrected": cell.corrected, "why": f"{says}."}
    why = f"{says}; its authors have since corrected this to {_yes(cell.corrected)}. {cell.why}"
    return {"document_says": cell.document_says, "corrected": cell.corrected, "why": why}


def _yes(said: bool) -> str:
    return "Yes" if said else "No"


def _needs(made: Fitted) -> str:
    plan = made.plan
    if not plan.memory.total_bytes:
        return "Nothing is in the way; memory and time are known when a model is chosen."
    time = f" and about {time_in_words(plan.time_seconds)}" if plan.time_seconds else ""
    needs = f"{in_words(plan.memory.total_bytes)} of the {in_words(plan.memory.available_bytes)} that are free{time}"
    if not made.changes:
        return f"Needs {needs}."
    changes = ", ".join(f"{_title(change.field)} {'on' if change.value == 'true' else change.value}" for change in made.changes)
    return f"Fits with {changes}: needs {needs} then."


def _title(name: str) -> str:
    """What the form calls a field that *Make it fit* may change."""
    section, _, field = name.partition(".")
    fields = type(getattr(Recipe(), section)).model_fields
    return fields[field].title or name


def _no_way(made: Fitted, what: str) -> str:
    memory = made.plan.memory
    if made.fits:
        return what
    even = " even with every saving" if made.changes else ""
    return f"Needs {in_words(memory.total_bytes)} of memory{even}, and {in_words(memory.available_bytes)} are free."


def _order(scenario: Scenario, place: Place, fit: Suitability) -> tuple[float, ...]:
    """What works comes first, then what the corrected table recommends, then what serves the scenario's aim best.

    Among what does not work, what lacks least comes first. Equal places keep the catalog's order.
    """
    measures: dict[str, tuple[float, ...]] = {
        "task": (fit.distance, bool(place.changes)),
        "cost": (place.seconds, place.written_bytes, place.trainable_parameters),
        "memory": (place.written_bytes,),
        "fewer_parameters": (place.trainable_parameters,),
        "devices": (place.written_bytes,),
    }
    if not place.works_here:
        return 1, not place.memory_bytes, not place.corrected, place.memory_bytes
    return 0, not place.corrected, *measures[scenario.aim]
