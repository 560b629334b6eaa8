"""The part of a model's config.json that PhiTune reads, with limits on every number."""

from typing import Annotated, Any

from pydantic import Field, field_validator

from phitune_gui.core.value import Lenient

Size = Annotated[int, Field(ge=0, le=100_000_000)]


class ModelConfig(Lenient):
    """Sizes as config.json states them, 0 where it states none; tokens and features as counts."""

    model_type: str = ""
    architectures: tuple[str, ...] = ()
    auto_map: dict[str, Any] = {}
    vocab_size: Size = 0
    hidden_size: Size = 0
    intermediate_size: Size = 0
    num_hidden_layers: Annotated[int, Field(ge=0, le=100_000)] = 0
    num_attention_heads: Size = 0
    num_key_value_heads: Size | None = None
    head_dim: Size | None = None
    max_position_embeddings: Size = 0
    original_max_position_embeddings: Size | None = None
    sliding_window: Size | None = None
    rope_scaling: dict[str, Any] | None = None
    rope_parameters: dict[str, Any] | None = None
    tie_word_embeddings: bool = False
    torch_dtype: str | None = None
    dtype: str | None = None
    quantization_config: dict[str, Any] | None = None
    bos_token_id: int | None = None
    eos_token_id: int | list[int] | None = None
    pad_token_id: int | None = None

    @field_validator("architectures", "auto_map", mode="before")
    @classmethod
    def _none_is_empty(cls, value: Any, info: Any) -> Any:
        empty: Any = () if info.field_name == "architectures" else {}
        return empty if value is None else value

    @property
    def rope(self) -> dict[str, Any]:
        """The position settings under whichever name this transformers version wrote them."""
        return self.rope_parameters or self.rope_scaling or {}

    @property
    def rope_type(self) -> str:
        """`default`, `longrope`, `su` and so on, as written."""
        return str(self.rope.get("rope_type") or self.rope.get("type") or "default")

    @property
    def key_value_heads(self) -> int:
        """Heads that keys and values have; as many as queries have unless said otherwise."""
        return self.num_attention_heads if self.num_key_value_heads is None else self.num_key_value_heads

    @property
    def head_size(self) -> int:
        """Features per head; 0 when hidden size and heads do not fit each other."""
        if self.head_dim:
            return self.head_dim
        if self.num_attention_heads and self.hidden_size % self.num_attention_heads == 0:
            return self.hidden_size // self.num_attention_heads
        return 0

    @property
    def original_context(self) -> int:
        """Tokens read without long position factors."""
        inside = self.rope.get("original_max_position_embeddings")
        stated = self.original_max_position_embeddings or (inside if isinstance(inside, int) else 0)
        return min(stated or self.max_position_embeddings, self.max_position_embeddings)

    @property
    def number_format(self) -> str:
        """`float32`, `bfloat16` or `float16` as stated; float32 when nothing is stated."""
        return (self.dtype or self.torch_dtype or "float32").removeprefix("torch.")

    @property
    def end_tokens(self) -> tuple[int, ...]:
        """Every token that ends a text."""
        ends = self.eos_token_id
        return tuple(ends) if isinstance(ends, list) else (() if ends is None else (ends,))
