"""The nine scenarios of the document's table, in its order; adding one is one file and one name in the list."""

from phitune_gui.catalog.scenarios.adapt import ADAPT
from phitune_gui.catalog.scenarios.aggregate_gpu import AGGREGATE_GPU
from phitune_gui.catalog.scenarios.chat import CHAT
from phitune_gui.catalog.scenarios.columns import column_of
from phitune_gui.catalog.scenarios.cost import COST
from phitune_gui.catalog.scenarios.creative import CREATIVE
from phitune_gui.catalog.scenarios.fewer_params import FEWER_PARAMS
from phitune_gui.catalog.scenarios.memory import MEMORY
from phitune_gui.catalog.scenarios.nlp import NLP
from phitune_gui.catalog.scenarios.qa import QA
from phitune_gui.catalog.scenarios.scenario import COLUMNS, SHARING, Cell, Column, Correction, Scenario
from phitune_gui.core.problem import CannotStart

__all__ = ["COLUMNS", "SCENARIOS", "SHARING", "Cell", "Column", "Correction", "Scenario", "column_of", "scenario"]

SCENARIOS: tuple[Scenario, ...] = (ADAPT, NLP, QA, CHAT, CREATIVE, COST, MEMORY, FEWER_PARAMS, AGGREGATE_GPU)


def scenario(id: str) -> Scenario:
    """The scenario of this id. Raises CannotStart with the list when there is none."""
    found = next((known for known in SCENARIOS if known.id == id), None)
    if found is None:
        known = ", ".join(each.id for each in SCENARIOS)
        raise CannotStart("scenario", f"PhiTune has no scenario named {id!r}.", f"Choose one of: {known}.")
    return found
