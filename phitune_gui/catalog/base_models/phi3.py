"""Models that transformers knows as phi3: Phi-3-mini and -medium, Phi-3.5-mini, Phi-4-mini and Phi-4, told apart by their shapes."""

from phitune_gui.catalog.base_models.model_config import ModelConfig
from phitune_gui.catalog.base_models.shapes import count_parameters
from phitune_gui.core.base_model import BaseModel

_FAMILIES = {
    (3072, 32, 32, 32, 8192, 32064): "Phi-3-mini",
    (5120, 40, 40, 10, 17920, 32064): "Phi-3-medium",
    (3072, 32, 24, 8, 8192, 200064): "Phi-4-mini",
    (5120, 40, 40, 10, 17920, 100352): "Phi-4",
}
"""Hidden size, layers, heads, key/value heads, intermediate size, vocabulary."""
_PHI_3_MINI_SHORT_FACTORS = (1.05, 1.1)
"""How the short factors of both releases of Phi-3-mini 128k begin; Phi-3.5-mini has the same shapes and other factors."""
_NEEDED = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "vocab_size", "max_position_embeddings")
_LONG_ROPES = ("longrope", "su", "yarn")


def judge(config: ModelConfig) -> BaseModel | None:
    """The verdict on a phi3 config; None for every other model type."""
    if config.model_type != "phi3":
        return None
    missing = [name for name in _NEEDED if not getattr(config, name)]
    if missing:
        return _broken(f"config.json does not state {', '.join(missing)}.")
    if not config.head_size or not config.key_value_heads or config.num_attention_heads % config.key_value_heads:
        return _broken(
            f"The sizes in config.json do not fit each other: hidden_size {config.hidden_size}, num_attention_heads"
            f" {config.num_attention_heads}, num_key_value_heads {config.key_value_heads}."
        )
    model = _shaped(config)
    return model.model_copy(update={"parameters": count_parameters(model), "notes": _notes(config)})


def _broken(reason: str) -> BaseModel:
    return BaseModel(
        path="", name="Phi-3", family="Phi-3", model_type="phi3", usable=False, reason=reason,
        how_to_fix="Fetch config.json again from where the model came from.",
    )  # fmt: skip


def _shaped(config: ModelConfig) -> BaseModel:
    family = _family(config)
    return BaseModel(
        path="", name=_name(config, family), family=family, model_type="phi3", usable=True, dtype=config.number_format,
        context=config.max_position_embeddings, original_context=config.original_context,
        hidden=config.hidden_size, intermediate=config.intermediate_size, layers=config.num_hidden_layers,
        heads=config.num_attention_heads, key_value_heads=config.key_value_heads, head_size=config.head_size,
        vocabulary=config.vocab_size, tied_embeddings=config.tie_word_embeddings, sliding_window=config.sliding_window or None,
    )  # fmt: skip


def _family(config: ModelConfig) -> str:
    shapes = (
        config.hidden_size, config.num_hidden_layers, config.num_attention_heads, config.key_value_heads,
        config.intermediate_size, config.vocab_size,
    )  # fmt: skip
    return _FAMILIES.get(shapes, "Phi-3 layout")


def _name(config: ModelConfig, family: str) -> str:
    context = f"{config.max_position_embeddings // 1024}k"
    if family == "Phi-3 layout":
        return f"Phi-3 layout, {config.num_hidden_layers} layers of {config.hidden_size}"
    if family != "Phi-3-mini" or config.rope_type not in _LONG_ROPES:
        return f"{family} {context}" if family.startswith("Phi-3") else family
    factors = config.rope.get("short_factor")
    is_phi_3 = isinstance(factors, list) and factors[:1] and factors[0] in _PHI_3_MINI_SHORT_FACTORS
    return f"Phi-3-mini {context}" if is_phi_3 else f"Phi-3-mini {context} or Phi-3.5-mini"


def _notes(config: ModelConfig) -> tuple[str, ...]:
    window, original = config.sliding_window or 0, config.original_context
    rules = (
        (True, "PhiTune trains qkv_proj, o_proj, gate_up_proj and down_proj because Phi-3 fuses its layers into these four;"
               " names such as q_proj would match nothing."),
        (config.pad_token_id is not None and config.pad_token_id in config.end_tokens,
         "PhiTune hides padding by the attention mask because this model pads with the same token that ends a text."),
        (config.rope_type in ("su", "yarn"),
         f"PhiTune reads the rope type '{config.rope_type}' as longrope because that is its name today; your folder is not changed."),
        (config.rope_type in _LONG_ROPES and original < config.max_position_embeddings,
         f"PhiTune keeps chats within {original:,} tokens by default because this model changes its position factors beyond them."),
        (0 < window < config.max_position_embeddings,
         f"PhiTune advises against conversations above {window:,} tokens because this model looks back no further."),
        (bool(config.auto_map), "PhiTune ignores the Python code named in this folder because transformers knows the model itself."),
    )  # fmt: skip
    return tuple(note for holds, note in rules if holds)
