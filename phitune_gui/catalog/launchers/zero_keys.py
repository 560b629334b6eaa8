"""Which keys of DeepSpeed's JSON a recipe may set, and which it says elsewhere already."""

from collections.abc import Iterator, Mapping
from typing import Any

from phitune_gui.core.problem import Problem

ZERO = "zero_optimization"
_SETTABLE: Mapping[str, type] = {
    "steps_per_print": int, "wall_clock_breakdown": bool, "memory_breakdown": bool, "dump_state": bool, "prescale_gradients": bool,
    "gradient_predivide_factor": float, "communication_data_type": str, "zero_optimization.overlap_comm": bool,
    "zero_optimization.contiguous_gradients": bool, "zero_optimization.reduce_scatter": bool,
    "zero_optimization.reduce_bucket_size": int, "zero_optimization.allgather_bucket_size": int,
    "zero_optimization.allgather_partitions": bool, "zero_optimization.round_robin_gradients": bool,
    "zero_optimization.sub_group_size": int, "zero_optimization.stage3_prefetch_bucket_size": int,
    "zero_optimization.stage3_max_live_parameters": int, "zero_optimization.stage3_max_reuse_distance": int,
    "zero_optimization.stage3_param_persistence_threshold": int,
}  # fmt: skip
_SAID_BY: Mapping[str, str] = {
    "train_batch_size": "training.micro_batch_size", "train_micro_batch_size_per_gpu": "training.micro_batch_size",
    "gradient_accumulation_steps": "training.accumulation", "gradient_clipping": "training.max_grad_norm",
    "optimizer": "training.learning_rate", "scheduler": "training.schedule", "fp16": "training.dtype", "bf16": "training.dtype",
    "amp": "training.dtype", "torch_autocast": "training.dtype", "activation_checkpointing": "training.gradient_checkpointing",
    "zero_optimization.stage": "launcher.id", "zero_optimization.offload_optimizer": "launcher.offload",
    "zero_optimization.offload_param": "launcher.offload", "zero_optimization.cpu_offload": "launcher.offload",
}  # fmt: skip


def key_problems(settings: Mapping[str, Any]) -> Iterator[Problem]:
    """What is wrong with the keys that the recipe sets."""
    for key, value in _flat(settings):
        where = f"launcher.deepspeed.{key}"
        if key in _SAID_BY:
            yield Problem(
                where=where, what=f"DeepSpeed's {key} cannot be set here, because the recipe says it in {_SAID_BY[key]}.",
                how_to_fix=f"Leave it out, and set {_SAID_BY[key]}.",
            )  # fmt: skip
        elif key not in _SETTABLE:
            yield Problem(
                where=where, what=f"PhiTune does not know a DeepSpeed setting {key!r}.",
                how_to_fix=f"Leave it out, or set one of: {', '.join(_SETTABLE)}.",
            )  # fmt: skip
        elif not _suits(value, _SETTABLE[key]):
            words = {bool: "true or false", int: "a whole number from 0", float: "a number above 0", str: "fp32, fp16 or bf16"}
            yield Problem(
                where=where, what=f"DeepSpeed's {key} is {value!r}, which does not suit it.",
                how_to_fix=f"Set it to {words[_SETTABLE[key]]}.",
            )  # fmt: skip


def merged(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """`ours` with what the recipe sets besides."""
    return {**ours, **theirs, ZERO: {**ours[ZERO], **theirs.get(ZERO, {})}}


def _flat(settings: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in settings.items():
        inner = value if name == ZERO and isinstance(value, dict) else None
        yield from [(name, value)] if inner is None else ((f"{name}.{key}", each) for key, each in inner.items())


def _suits(value: Any, kind: type) -> bool:
    if kind is str:
        return value in ("fp32", "fp16", "bf16")
    if kind is float:
        return type(value) in (int, float) and 0 < value < float("inf")
    return type(value) is bool if kind is bool else type(value) is int and value >= 0
