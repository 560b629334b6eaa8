"""DeepSpeed's own settings for a recipe: what its JSON file would hold."""

from typing import Any

from phitune_gui.catalog.launchers.zero_keys import merged
from phitune_gui.core.recipe import Recipe

_BUCKET = 4_194_304
"""Numbers that are exchanged at once; DeepSpeed's own 500 million would be a buffer of 2 GB in each process, for adapters of megabytes."""


def zero_settings(recipe: Recipe, stage: int) -> dict[str, Any]:
    """Passes are counted by transformers' Trainer, so DeepSpeed hears of one for each step; optimizer and schedule are not in it."""
    sharing: dict[str, Any] = {"stage": stage, "reduce_bucket_size": _BUCKET, "allgather_bucket_size": _BUCKET}
    if recipe.launcher.offload == "cpu":
        sharing["offload_optimizer"] = {"device": "cpu"}
    if stage == 3:
        # Else what is borrowed is kept for its next use, a billion numbers later; and fetching ahead kept everything from the second
        # step on (DeepSpeed 0.19.8).
        sharing |= {"stage3_max_reuse_distance": 0, "stage3_prefetch_bucket_size": 0}
    ours = {
        "train_micro_batch_size_per_gpu": recipe.training.micro_batch_size,
        "gradient_accumulation_steps": 1,
        "gradient_clipping": recipe.training.max_grad_norm,
        "zero_optimization": sharing,
        "zero_allow_untested_optimizer": True,
        "zero_force_ds_cpu_optimizer": False,
    }
    return merged(ours, recipe.launcher.deepspeed)
