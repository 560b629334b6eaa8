"""The command that advises: the document's table, as it is printed and as it is right, and what follows for this machine."""

from pathlib import Path
from typing import Any

from phitune_gui.catalog.scenarios import COLUMNS, SCENARIOS, Cell, Scenario, scenario
from phitune_gui.cli.data_files import with_data
from phitune_gui.cli.output import duration, listing, say, size, table, tell, write_json
from phitune_gui.cli.study import study
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.recipe import Recipe
from phitune_gui.jobs.machine import probe_hardware
from phitune_gui.jobs.questions import SAMPLE_ROWS
from phitune_gui.planning.advise import Place, advise, ranked_by
from phitune_gui.planning.fitted import Ground
from phitune_gui.planning.typical import typical_model, typical_report, with_typical_lengths
from phitune_gui.store.model_folder.other_contents import refuse_non_folder
from phitune_gui.store.paths import model_folder, runs_folder
from phitune_gui.store.recipes import with_setting

_ASSUMED_MODEL = "No model is named, so this reckons with Phi-3-mini 4k; --model M takes yours."
_ASSUMED_LENGTHS = "Without --model no tokens are counted, so every row counts as about 256."
_ASSUMED_DATA = "No dataset is named, so this reckons with 1,000 rows of about 256 tokens; --data D takes yours."


def list_scenarios(as_json: bool) -> int:
    """The whole table, corrected cells marked."""
    if as_json:
        write_json({"scenarios": [_scenario_document(each) for each in SCENARIOS]})
        return 0
    rows = [[each.id, each.title, *(_mark(cell) for cell in each.cells)] for each in SCENARIOS]
    table("", ["scenario", "", *COLUMNS], rows)
    say("As the document says; its authors have since corrected the six cells with (now ...). Why: phitune advise SCENARIO")
    return 0


def advise_on(id: str, named: tuple[Path | None, Path | None], reasons: bool, as_json: bool) -> int:
    """The ranking for one scenario, for the named model and data; with `reasons` in sentences too."""
    chosen = scenario(id)
    recipe, ground, assumed = situation(*named)
    places = advise(chosen, recipe, ground)
    if as_json:
        write_json({"scenario": chosen.id, "title": chosen.title, "title_ta": chosen.title_ta, "assumed": assumed,
                    "ranked_by": ranked_by(chosen, places), "ranking": [place.model_dump(mode="json") for place in places]})  # fmt: skip
        return 0
    for sentence in assumed:
        say(sentence, "yellow")
    _show(chosen, places, reasons)
    return 0


def situation(model: Path | None, data: Path | None) -> tuple[Recipe, Ground, list[str]]:
    """What was named, looked at; what was not named, assumed and said. Raises CannotStart for what cannot be read."""
    recipe = Recipe()
    if model is not None:
        folder = model_folder(model)
        if not folder.is_dir():
            raise refuse_non_folder(folder)
        recipe = with_setting(recipe, "model.path", str(folder))
    if data is not None:
        if not data.exists():
            raise CannotStart(str(data), f"There is no dataset {data}.", "Check the path.")
        recipe = with_data(recipe, [data])
    seen = study(recipe, runs_folder(), SAMPLE_ROWS)
    if seen.model is not None and not seen.model.usable:
        raise CannotStart(seen.model.path, seen.model.reason, seen.model.how_to_fix)
    if data is not None and seen.report is None:
        raise CannotStart.because(next(problem for problem in seen.plan.problems if not problem.where.startswith("model.")))
    report = seen.report or typical_report()
    said = {_ASSUMED_MODEL: model is None, _ASSUMED_DATA: data is None, _ASSUMED_LENGTHS: not report.tokens}
    ground = Ground(seen.model or typical_model(), with_typical_lengths(report), probe_hardware(runs_folder()))
    return recipe, ground, [sentence for sentence, holds in said.items() if holds]


def _show(chosen: Scenario, places: tuple[Place, ...], reasons: bool) -> None:
    tell(chosen.title)
    tell(ranked_by(chosen, places))
    columns = ["", "technique", "document", "here", "memory", "time", "changes to fit, or what is in the way"]
    listing(columns, [_row(at, place) for at, place in enumerate(places, 1)])
    if reasons:
        tell("")
        for at, place in enumerate(places, 1):
            tell(f"{at} {place.label}: {place.reason} {place.why}")
            for change in place.changes:
                tell(f"    {change.field}={change.value} saves {size(change.saves_bytes)}. {change.costs}")
    else:
        say("--reasons says of each why it stands there; phitune techniques ID tells all about one.")
    for why in dict.fromkeys(place.why for place in places if place.document_says != place.corrected):
        say(why, "yellow")


def _row(at: int, place: Place) -> list[str]:
    said = "no word" if place.document_says is None else _said(place.document_says, bool(place.corrected))
    memory, time = (size(place.memory_bytes), duration(place.seconds)) if place.memory_bytes else ("", "")
    changes = " ".join(f"{change.field.partition('.')[2]}={change.value}" for change in place.changes)
    return [str(at), place.label, said, "yes" if place.works_here else "no", memory, time, changes if place.works_here else place.reason]


def _mark(cell: Cell) -> str:
    return _said(cell.document_says, cell.corrected)


def _said(says: bool, right: bool) -> str:
    said = "Yes" if says else "No"
    return said if says == right else f"{said} (now {'Yes' if right else 'No'})"


def _scenario_document(each: Scenario) -> dict[str, Any]:
    cells = [
        {"column": cell.column, "document_says": cell.document_says, "corrected": cell.corrected, "why": cell.why} for cell in each.cells
    ]  # fmt: skip
    return {"id": each.id, "title": each.title, "title_ta": each.title_ta, "cells": cells}
