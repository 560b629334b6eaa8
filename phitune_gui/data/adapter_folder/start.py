"""The adapter that a recipe starts from: where its files lie, and whether it is of the recipe's own form."""

from phitune_gui.catalog.techniques import technique
from phitune_gui.catalog.techniques.recognise import same_adapter
from phitune_gui.core.adapter import another_adapter
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.names import ADAPTER_FOLDER
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.recipe import Recipe, TechniqueSection
from phitune_gui.core.value import Value
from phitune_gui.data.adapter_folder.files import CONFIG
from phitune_gui.data.adapter_folder.reading import AdapterFolder, read_adapter
from phitune_gui.data.desk import Operation
from phitune_gui.data.person_paths import expanded

FIELD = "model.adapter"


def read_start(recipe: Recipe, model: BaseModel) -> AdapterFolder:
    """The adapter that `model.adapter` names, as a folder or as the run that holds it. Raises CannotStart, about that field."""
    folder = expanded(recipe.model.adapter).absolute()
    inner = folder / ADAPTER_FOLDER
    try:
        return read_adapter(inner if (inner / CONFIG).is_file() else folder, model)
    except CannotStart as refusal:
        what = f"The adapter to start from cannot be used. {refusal.problem.what}"
        raise CannotStart(FIELD, what, f"{refusal.problem.how_to_fix} Or leave {FIELD} out.") from refusal


def started_technique(recipe: Recipe, found: AdapterFolder) -> TechniqueSection:
    """The recipe's technique where it makes adapters of this form, as QLoRA does of LoRA's; otherwise the adapter's own."""
    try:
        fits = not technique(recipe.technique.id).starts_inside_model and same_adapter(recipe.technique, found.technique)
    except (CannotStart, KeyError):
        fits = False
    return recipe.technique if fits else found.technique


def require_same_technique(recipe: Recipe, found: AdapterFolder) -> None:
    """CannotStart when the recipe describes an adapter of another form than the one that it starts from."""
    if started_technique(recipe, found) != recipe.technique:
        raise CannotStart.because(another_adapter(found.technique))


class StartRequest(Value):
    """Which recipe's start to read, for which model."""

    recipe: Recipe
    model: BaseModel


def _technique(request: StartRequest) -> TechniqueSection:
    return started_technique(request.recipe, read_start(request.recipe, request.model))


START_OPERATIONS: dict[str, Operation] = {"adapter": Operation(StartRequest, _technique)}
