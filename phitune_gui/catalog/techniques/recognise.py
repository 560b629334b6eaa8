"""Which technique made an adapter, read from the words of its PEFT config; what no technique here can say again is refused."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from phitune_gui.catalog.techniques import TECHNIQUES, Technique, options_for
from phitune_gui.catalog.techniques.target_modules import TargetedOptions
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.recipe import TechniqueSection

_NO_MATTER = frozenset({
    "auto_mapping", "base_model_name_or_path", "inference_mode", "peft_version", "revision", "task_type",
    "init_lora_weights", "init_weights", "init_ia3_weights", "d_initial", "eva_config", "megatron_core", "qalora_group_size",
    "layers_pattern", "eps", "rank_dropout_scale", "runtime_config", "module_dropout", "ensure_weight_tying",
})  # fmt: skip
"""Words about where the adapter came from, how it began and how it was trained; what it computes now does not depend on them."""
_SAID_WITH = {"num_cayley_neumann_terms": 5, "use_cayley_neumann": True, "save_projection": True, "bias": "none"}
"""Words that peft writes also where nobody chose them."""
_MEANING = {
    "modules_to_save": "whole layers saved beside the adapter (modules_to_save)",
    "trainable_token_indices": "trained tokens (trainable_token_indices)",
    "layer_replication": "repeated layers (layer_replication)",
    "layers_to_transform": "an adapter on some blocks only (layers_to_transform)",
    "alora_invocation_tokens": "activation by tokens (alora_invocation_tokens)",
    "arrow_config": "routing among adapters (arrow_config)",
    "megatron_config": "Megatron layers (megatron_config)",
    "bias": "trained biases (bias)",
}


def recognised(config: Mapping[str, Any], where: str) -> TechniqueSection:
    """The technique and the options that the config stands for. Raises CannotStart, about `where`, for any other."""
    kind = str(config.get("peft_type"))
    candidates = [(each, section) for each in TECHNIQUES if (section := _section(each, config, where)) is not None]
    if not candidates:
        known = sorted({str(words["peft_type"]) for each in TECHNIQUES if each.from_peft and (words := each.peft_config(each.options()))})
        raise CannotStart(
            where, f"The adapter is of the type {kind[:40]}, which PhiTune does not take over.", f"It takes over {', '.join(known)}."
        )
    differences = [(_differences(each, section, config), section) for each, section in candidates]
    fewest, section = min(differences, key=lambda pair: len(pair[0]))
    if fewest:
        raise CannotStart(
            where, f"The adapter uses {_named(fewest)}, which PhiTune cannot reproduce, so its results would be wrong.",
            "Merge it with the library that made it and choose the merged model, or train it again without that.",
        )  # fmt: skip
    try:
        options_for(section)
    except CannotStart as fault:
        what = f"The adapter's config cannot be used: {fault.problem.what}"
        raise CannotStart(where, what, "Train it again within these limits.") from fault
    return section


def _section(each: Technique[Any], config: Mapping[str, Any], where: str) -> TechniqueSection | None:
    if each.from_peft is None or (each.peft_config(each.options()) or {}).get("peft_type") != config.get("peft_type"):
        return None
    options = {name: value for name, value in each.from_peft(config).items() if value is not None}
    try:
        return TechniqueSection.model_validate({"id": each.id, **options})
    except ValidationError as error:
        name = str(error.errors(include_url=False)[0]["loc"][0])
        raise CannotStart(where, f"The adapter's config is damaged: its {name} is no number or name.", "Save the adapter again.") from error


def _differences(each: Technique[Any], section: TechniqueSection, config: Mapping[str, Any]) -> list[str]:
    """The words of the config that this technique would not write with these options."""
    try:
        stated = each.peft_config(options_for(section)) or {}
    except CannotStart:
        stated = each.peft_config(each.options()) or {}
        # The options are out of their limits, which is said as such; only words that no option stands for are compared.
        stated = {key: config.get(key) if key in config else value for key, value in stated.items() if not isinstance(value, bool)}
        if issubclass(each.options, TargetedOptions):  # blocks are written only where they are chosen
            stated["layers_to_transform"] = config.get("layers_to_transform")
    return [key for key, value in config.items() if key not in _NO_MATTER and not _agrees(key, value, stated)]


def _agrees(key: str, value: Any, stated: Mapping[str, Any]) -> bool:
    if key in stated:
        return bool(comparable(value) == comparable(stated[key]))
    return not value or bool(value == _SAID_WITH.get(key))


def comparable(value: Any) -> Any:
    """Names of layers are a set, whatever their order."""
    return sorted(map(str, value)) if isinstance(value, list | tuple) else value


def _named(keys: Iterable[str]) -> str:
    return ", ".join(_MEANING.get(key, key[:60]) for key in sorted(keys))
