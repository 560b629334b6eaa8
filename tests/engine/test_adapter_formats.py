"""An adapter is taken over only from number formats that are known here; another one is named, with its tensor."""

import json
import struct
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from phitune_gui.core.base_model import BaseModel
from tests.engine.test_adapter_import import imported, lora, refused

__all__ = ["lora"]

pytestmark = pytest.mark.engine


@pytest.mark.parametrize("dtype", ["F8_E8M0", "F4", "I8", "BOOL", "Q5_K", "x" * 500])
def test_numbers_in_an_unknown_format_are_refused_by_tensor_and_format(dtype: str, lora: Path, model: BaseModel, tmp_path: Path) -> None:
    name = "base_model.model.model.layers.1.mlp.down_proj.lora_A.weight"
    spelled_as(dtype, name, lora / "adapter_model.safetensors")

    reason = refused(lora, model, tmp_path)

    assert reason.startswith(f"model.layers.1.mlp.down_proj.lora_A.weight is written in the number format {dtype[:20]};")
    assert len(reason) < 200


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_numbers_in_a_known_format_are_taken_over(dtype: torch.dtype, lora: Path, model: BaseModel, tmp_path: Path) -> None:
    weights = load_file(lora / "adapter_model.safetensors")
    save_file({name: tensor.to(dtype) for name, tensor in weights.items()}, lora / "adapter_model.safetensors")

    assert imported(lora, model, tmp_path / "runs" / "one").usable


def spelled_as(dtype: str, tensor: str, file: Path) -> None:
    """Say in the file's header that this tensor's numbers are in another format; its bytes stay as many as the format wants."""
    content = file.read_bytes()
    end = 8 + struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8:end])
    begin, stop = header[tensor]["data_offsets"]
    header[tensor] |= {"dtype": dtype} | ({"shape": [stop - begin]} if dtype in ("I8", "BOOL") else {})
    spelled = json.dumps(header).encode()
    file.write_bytes(struct.pack("<Q", len(spelled)) + spelled + content[end:])
