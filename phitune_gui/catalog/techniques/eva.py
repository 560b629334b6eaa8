"""EVA: LoRA whose first matrix starts from the directions in which the run's own rows vary most.

Paischer et al. 2024 (arXiv 2410.07170), without its redistribution of ranks (rho): layers differ in width, and which of them would get
more is known only after the passes, so neither the trained numbers nor the memory could be said before Start.
"""

from phitune_gui.catalog.base_models.shapes import linear_layers
from phitune_gui.catalog.techniques import lora, pissa
from phitune_gui.catalog.techniques.lora import LoraOptions
from phitune_gui.catalog.techniques.technique import Technique
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.problem import Problem


def checks(options: LoraOptions, model: BaseModel | None) -> tuple[Problem, ...]:
    """Target layers, and a rank for which twice as many directions can be looked for in the layers' inputs."""
    found = pissa.checks(options, model)
    if found or model is None or not model.hidden:
        return found
    narrowest = min(linear_layers(model)[name].inputs for name in options.target_modules)
    if 2 * options.rank <= narrowest:
        return ()
    what = f"EVA looks for twice as many directions as the rank ({options.rank}), and the narrowest layer has {narrowest} inputs."
    return (Problem(where="technique.rank", what=what, how_to_fix=f"Set technique.rank to {narrowest // 2} or less."),)


EVA = Technique(
    id="eva",
    label="EVA",
    summary="LoRA that starts from the directions in which your own rows vary most, found by passes over them before training.",
    when="When LoRA learns too slowly and the rows are of one kind.",
    costs="A step costs the same as LoRA's. Start takes some passes over rows, at most a hundred. Every layer keeps the rank that is set:"
          " moving ranks between layers by what the passes find (rho) is left out, because the size could not be said before Start.",
    options=LoraOptions,
    peft_config=lora.peft_config,
    layer_shapes=lora.two_matrices,
    checks=checks,
    starts_from_rows=True,
)  # fmt: skip
