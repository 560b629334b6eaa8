"""Whether the weights of an adapter have the sizes that its config and the model's call for, and real numbers, by the header alone."""

from phitune_gui.catalog.techniques.target_modules import Shapes
from phitune_gui.core.problem import CannotStart
from phitune_gui.data.safetensors_header import Header

_CHOOSE_BASE = "Choose the base model that it was trained on."
_FORMATS = ("F32", "BF16", "F16", "F64")
"""How a safetensors file names the formats that peft saves weights in."""


def require_shapes(header: Header, needed: Shapes, where: str) -> None:
    """CannotStart, about `where`, unless the file holds exactly these tensors."""
    found = {name: tensor.shape for name, tensor in header.tensors.items()}
    for name in sorted(needed.keys() | found.keys()):
        if found.get(name) != needed.get(name):
            raise CannotStart(where, _difference(short_name(name), found.get(name), needed.get(name)), _CHOOSE_BASE)


def require_formats(header: Header, where: str) -> None:
    """CannotStart, about `where`, for numbers in a format that is unknown here, or that holds no fractions."""
    for name, tensor in sorted(header.tensors.items()):
        if tensor.dtype not in _FORMATS:
            what = (
                f"{short_name(name)[:90]} is written in the number format {tensor.dtype[:20]}; adapters are read in {', '.join(_FORMATS)}."
            )
            raise CannotStart(where, what, "Save the adapter again in float32 with peft's save_pretrained.")


def short_name(tensor: str) -> str:
    """The tensor's name as people know it from the model."""
    return tensor.removeprefix("base_model.model.")


def _difference(name: str, found: tuple[int, ...] | None, needed: tuple[int, ...] | None) -> str:
    if found is None:
        return f"The adapter lacks {name}, which this model needs."
    if needed is None:
        return f"The adapter has {name}, which belongs to nothing that its config describes."
    return f"{name} has the shape {list(found)}, and this model with this config needs {list(needed)}."
