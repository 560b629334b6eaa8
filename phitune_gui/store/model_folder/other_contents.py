"""What a folder without config.json holds instead of a model, so that the refusal can say what to do."""

from pathlib import Path

from phitune_gui.core.problem import CannotStart
from phitune_gui.store.paths import starter_folder

CONFIG = "config.json"
SIGNS = ("*.safetensors", "pytorch_model*.bin", "*.gguf", "*.onnx", "adapter_config.json", "genai_config.json")
"""Files by which a folder without config.json is worth showing, with the reason why it is no model."""
_KINDS = (
    ("adapter_config.json", "This is an adapter, not a model.", "Choose the base model that the adapter was made for."),
    ("*.gguf", "This folder holds only GGUF files, which can be run but not tuned.",
     "Choose the model's original folder with config.json and model.safetensors."),
    ("genai_config.json", "This folder holds an ONNX model, which can be run but not tuned.",
     "Choose the model's original folder with config.json and model.safetensors."),
    ("*.onnx", "This folder holds only ONNX files, which can be run but not tuned.",
     "Choose the model's original folder with config.json and model.safetensors."),
    ("model_index.json", "This is a picture generator, not a language model.", "Choose a Phi-3 family model."),
)  # fmt: skip


def refuse_without_config(folder: Path) -> CannotStart:
    """The refusal of a folder that has no config.json."""
    for pattern, what, how_to_fix in _KINDS:
        if any(folder.glob(pattern)):
            return CannotStart(str(folder), what, how_to_fix)
    return CannotStart(
        str(folder), f"The folder has no {CONFIG}, so it is no model folder.",
        f"Choose the folder that holds {CONFIG}, tokenizer.json and model.safetensors.",
    )  # fmt: skip


def refuse_non_folder(path: Path) -> CannotStart:
    """The refusal of a file, or of nothing at all."""
    if path.is_file():
        return CannotStart(str(path), f"{path.name} is a file; a model is a folder.", "Choose the folder that holds the model.")
    if path == starter_folder():
        return CannotStart(str(path), "The starter model is not ready yet.", "phitune starter makes it ready.")
    return CannotStart(str(path), f"The folder {path} does not exist.", "Choose a model folder that exists.")
