"""The adapter that a recipe starts from: where its files lie, and what it is for the recipe's model."""

from phitune_gui.core.adapter import AdapterReport
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.names import ADAPTER_FOLDER
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.value import Value
from phitune_gui.data.adapter_folder.files import CONFIG
from phitune_gui.data.adapter_folder.reading import AdapterFolder, read_adapter
from phitune_gui.data.desk import Operation
from phitune_gui.data.person_paths import expanded

FIELD = "model.adapter"


def read_start(adapter: str, model: BaseModel) -> AdapterFolder:
    """The adapter that `model.adapter` names, as a folder or as the run that holds it. Raises CannotStart, about that field."""
    folder = expanded(adapter).absolute()
    inner = folder / ADAPTER_FOLDER
    try:
        return read_adapter(inner if (inner / CONFIG).is_file() else folder, model)
    except CannotStart as refusal:
        what = f"The adapter to start from cannot be used. {refusal.problem.what}"
        raise CannotStart(FIELD, what, f"{refusal.problem.how_to_fix} Or leave {FIELD} out.") from refusal


def reported(found: AdapterFolder, model: BaseModel) -> AdapterReport:
    """What a plan needs to know of it."""
    return AdapterReport(technique=found.technique, became=found.ranks.told if found.ranks else "", blocks=model.layers)


class StartRequest(Value):
    """Which adapter to read, for which model."""

    adapter: str
    model: BaseModel


START_OPERATIONS: dict[str, Operation] = {
    "adapter": Operation(StartRequest, lambda request: reported(read_start(request.adapter, request.model), request.model))
}
