"""Which models PhiTune tunes, which it recognises and refuses, and why: one file per family, asked in this order."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from phitune_gui.catalog.base_models import other, phi3, phi3_v, phi3small, phi4mm, phimoe, quantised, starter
from phitune_gui.catalog.base_models.chat_markers import CHAT_MARKERS, chat_markers
from phitune_gui.catalog.base_models.model_config import ModelConfig
from phitune_gui.catalog.base_models.refusal import refuse
from phitune_gui.core.base_model import BaseModel

__all__ = ["CHAT_MARKERS", "FAMILIES", "chat_markers", "judge_config"]

FAMILIES: tuple[Callable[[ModelConfig], BaseModel | None], ...] = (
    quantised.judge, starter.judge, phi3.judge, phi3small.judge, phi3_v.judge, phimoe.judge, phi4mm.judge,
)  # fmt: skip


def judge_config(config: Mapping[str, Any]) -> BaseModel:
    """What the content of a config.json says about a model: a verdict without path, weights and tokenizer. Never raises."""
    try:
        known = ModelConfig.model_validate(config)
    except ValidationError as error:
        return _unreadable(config, error)
    verdicts = (judge(known) for judge in FAMILIES)
    return next((verdict for verdict in verdicts if verdict is not None), None) or other.judge(known)


def _unreadable(config: Mapping[str, Any], error: ValidationError) -> BaseModel:
    first = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    value = repr(first.get("input"))[:60]
    return refuse(
        "Unreadable model", str(config.get("model_type", ""))[:80],
        f"config.json holds {value} as {field}, which cannot be right.",
        "Fetch config.json again from where the model came from.",
    )  # fmt: skip
