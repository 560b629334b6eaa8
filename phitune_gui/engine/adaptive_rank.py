"""AdaLoRA beside the trainer: takes ranks away after each step, keeps matrices orthogonal, and goes on exactly from a checkpoint."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import peft
import torch
from safetensors.torch import load_file, save_file
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

IMPORTANCE_FILE = "importance.safetensors"
PATTERN_FILE = "rank_pattern.json"
"""In every checkpoint of such a run: how important each number was so far, and which ranks are left."""
_AVERAGES = ("exp_avg_ipt", "exp_avg_unc")


class TakeRanksAway(TrainerCallback):
    """Between the optimizer's step and the end of its gradients, of which the importance is made."""

    def on_optimizer_step(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, model: Any = None, **_kwargs: Any
    ) -> None:
        """The step counts as done. Importance is learned before the last taking away, for which a single step has no time."""
        if state.max_steps > 1:
            model.base_model.update_and_allocate(state.global_step + 1)


def is_adaptive(model: torch.nn.Module) -> bool:
    """Whether the model's adapter is an AdaLoRA."""
    return isinstance(model, peft.PeftModel) and isinstance(model.active_peft_config, peft.AdaLoraConfig)


def orthogonal_penalty(model: peft.PeftModel) -> torch.Tensor:
    """How far the matrices are from orthogonal ones, weighted; peft adds the same to losses that its own forward pass computes."""
    sides = [matrix.T if ".lora_B." in name else matrix for name, matrix in model.named_parameters() if _is_matrix(name)]
    distances = [torch.linalg.norm(side @ side.T - torch.eye(len(side), device=side.device)) for side in sides]
    return model.active_peft_config.orth_reg_weight * torch.stack(distances).mean()


def _is_matrix(name: str) -> bool:
    return ".lora_A." in name or ".lora_B." in name


@contextmanager
def every_rank(model: torch.nn.Module) -> Iterator[None]:
    """Lets the adapter be saved with the ranks that were taken away: the optimizer's state in a checkpoint is for all of them."""
    if not is_adaptive(model):
        yield
        return
    pattern, model.active_peft_config.rank_pattern = model.active_peft_config.rank_pattern, None
    try:
        yield
    finally:
        model.active_peft_config.rank_pattern = pattern


def save_importance(model: peft.PeftModel, folder: Path) -> None:
    """Write what taking ranks away goes by into a checkpoint."""
    allocator = model.base_model.rankallocator
    averages = {f"{kind}/{name}": tensor for kind in _AVERAGES for name, tensor in getattr(allocator, kind).items()}
    save_file(averages, folder / IMPORTANCE_FILE)
    (folder / PATTERN_FILE).write_text(json.dumps(model.active_peft_config.rank_pattern), "utf-8")


def restore_importance(model: peft.PeftModel, folder: Path) -> None:
    """Take up again what a checkpoint holds."""
    allocator = model.base_model.rankallocator
    for entry, tensor in load_file(folder / IMPORTANCE_FILE).items():
        kind, _, name = entry.partition("/")
        getattr(allocator, kind)[name] = tensor.to(model.device)
        allocator.ipt[name] = torch.zeros_like(tensor, device=model.device)
    model.active_peft_config.rank_pattern = json.loads((folder / PATTERN_FILE).read_text("utf-8"))
