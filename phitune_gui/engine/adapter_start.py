"""Lets training go on from the weights of an adapter instead of from a fresh one."""

import peft
from safetensors.torch import load_file

from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.recipe import Recipe
from phitune_gui.data.adapter_folder.start import FIELD, read_start
from phitune_gui.engine.adapter_weights import require_finite
from phitune_gui.engine.model import Tuned
from phitune_gui.engine.settled_ranks import as_plain_lora


def start_from_adapter(model: Tuned, recipe: Recipe, base: BaseModel) -> None:
    """Put the weights that `model.adapter` names into the fresh adapter. Raises CannotStart when they do not fit."""
    found = read_start(recipe.model.adapter, base)
    if not isinstance(model, peft.PeftModel):
        raise CannotStart(FIELD, "Full fine-tuning trains the model itself, and has no adapter to start from.", f"Leave {FIELD} out.")
    require_finite(found.weights, FIELD)
    peft.set_peft_model_state_dict(model, load_file(found.weights) if found.ranks is None else as_plain_lora(found.weights, found.ranks))
