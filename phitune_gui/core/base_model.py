"""What a model folder holds, as read from its JSON files and safetensors headers, and whether it can be tuned."""

from pathlib import PurePath

from phitune_gui.core.value import Value


class ChatMarkers(Value):
    """How this family's chat is written: the text before an answer and the token that ends it.

    Both are encoded to ids by the model's own tokenizer; learned tokens lie after a header through the end id inclusive.
    """

    answer_header: str
    answer_end: str


class BaseModel(Value):
    """One local model folder and its verdict. Sizes of weights in bytes; shapes as in the Phi-3 config."""

    path: str
    name: str
    family: str
    model_type: str
    usable: bool
    reason: str = ""
    how_to_fix: str = ""
    notes: tuple[str, ...] = ()
    licence: str = "not stated"
    dtype: str = "float32"
    weight_bytes: int = 0
    parameters: int = 0
    context: int = 0
    original_context: int = 0
    """Tokens read without long position factors; below `context` for longrope models, whose factors change beyond it."""
    hidden: int = 0
    intermediate: int = 0
    layers: int = 0
    heads: int = 0
    key_value_heads: int = 0
    head_size: int = 0
    vocabulary: int = 0
    tied_embeddings: bool = False
    sliding_window: int | None = None
    has_weights: bool = False
    has_tokenizer: bool = False
    chat: ChatMarkers | None = None
    folds_system: bool = False
    """True when the chat template drops system messages, so PhiTune puts the system text into the first user turn."""


def in_text(path: str) -> str:
    """The path with signs for what is no text in it; it then names a folder that does not exist and is refused as such."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def refused_folder(path: str, reason: str, how_to_fix: str) -> BaseModel:
    """A folder of which nothing is known but why it cannot be used."""
    path = in_text(path)
    name = PurePath(path).name or path
    return BaseModel(path=path, name=name, family="", model_type="", usable=False, reason=reason, how_to_fix=how_to_fix)
