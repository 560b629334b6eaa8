"""The two files of an adapter folder: which they are, whether they may be read, and what its config says."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from phitune_gui.core.problem import CannotStart
from phitune_gui.core.value import Lenient
from phitune_gui.data.json_file import read_json_object

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
CONFIG_LIMIT = 1_000_000
_PICKLES = ("adapter_model.bin", "adapter_model.pt", "pytorch_model.bin")
_Text = Annotated[str, Field(max_length=4096)]


class AdapterConfig(Lenient):
    """The words of the config that every kind of adapter has; all others are in `words`."""

    peft_type: Annotated[str, Field(min_length=1, max_length=40)]
    base_model_name_or_path: _Text | None = None
    revision: _Text | None = None
    task_type: Annotated[str, Field(max_length=40)] | None = None
    target_modules: _Text | Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=2000)] | None = None
    init_lora_weights: bool | Annotated[str, Field(max_length=40)] | None = True
    auto_mapping: dict[str, Any] | None = None
    words: dict[str, Any] = {}


def read_config(folder: Path) -> AdapterConfig:
    """The adapter's config. Raises CannotStart when it is missing, too large, or none."""
    if not folder.is_dir():
        raise CannotStart(str(folder), f"There is no folder {folder}.", "Name the folder that holds adapter_config.json.")
    path = folder / CONFIG
    if not (path.exists() or path.is_symlink()):
        what = f"{folder.name} is no adapter folder: it has no {CONFIG}."
        raise CannotStart(str(folder), what, "Name the folder that peft's save_pretrained wrote.")
    require_inside(folder, path)
    words = read_json_object(path, CONFIG_LIMIT)
    try:
        return AdapterConfig.model_validate({**words, "words": words})
    except ValidationError as error:
        name = str(error.errors(include_url=False)[0]["loc"][0])
        what = f"{CONFIG} is no config of an adapter: {name} is missing or is not what peft writes."
        raise CannotStart(str(path), what, "Save the adapter again with peft's save_pretrained.") from error


def weights_file(folder: Path) -> Path:
    """The safetensors file of the adapter. Raises CannotStart for pickles, which are never opened, and for none."""
    path = folder / WEIGHTS
    if path.exists() or path.is_symlink():
        require_inside(folder, path)
        return path
    pickles = [name for name in _PICKLES if (folder / name).exists()]
    if pickles:
        raise CannotStart(
            str(folder / pickles[0]), f"The weights come only as a pickle ({pickles[0]}), which can run any code when it is opened.",
            "Ask its maker for adapter_model.safetensors. If you trust the file, convert it on a machine that may be lost: load it with"
            " torch.load(..., weights_only=True) and write it with safetensors.torch.save_file.",
        )  # fmt: skip
    raise CannotStart(str(folder), f"The folder holds no weights: there is no {WEIGHTS}.", "Copy the whole adapter folder.")


def require_inside(folder: Path, path: Path) -> None:
    """CannotStart for a link out of the folder, except into the store that the Hugging Face cache links its snapshots to."""
    real = path.resolve()
    allowed = (folder.resolve(), folder.resolve().parent.parent / "blobs")
    if not any(real.is_relative_to(place) for place in allowed):
        what = f"{path.name} is a link to a file outside of the folder, which is not followed."
        raise CannotStart(str(path), what, "Put the file itself into the folder.")
