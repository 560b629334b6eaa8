"""Frozen weights in 4 or 8 bits by bitsandbytes, used only where a tiny real layer can be trained with them."""

import logging

import torch
from transformers import BitsAndBytesConfig

from phitune_gui.catalog.techniques.quantisation import Quantisation
from phitune_gui.core.problem import CannotStart

WIDTH = 64


def bitsandbytes_config(quantisation: Quantisation, dtype: torch.dtype) -> BitsAndBytesConfig:
    """The quantisation in transformers' words; layers compute in `dtype`."""
    if quantisation.kind == "int8":
        # It says for every product of every layer that inputs are cast, which fills the log.
        logging.getLogger("bitsandbytes.autograd._functions").setLevel(logging.ERROR)
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type=quantisation.kind, bnb_4bit_use_double_quant=quantisation.double,
        bnb_4bit_compute_dtype=dtype,
    )  # fmt: skip


def keep_trainable(model: torch.nn.Module) -> None:
    """Forbid the layout that bitsandbytes changes 4-bit weights to when a model is judged on a processor with AVX512-BF16.

    It is for answering only and never changed back: every later step would train through products without a gradient.
    """
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False


def let_go_of_files(model: torch.nn.Module) -> None:
    """Copy the weights that stay as they are in the files: they are mapped, and keep every page that was read in sight as memory."""
    for parameter in model.parameters():
        if parameter.is_floating_point() and parameter.device.type == "cpu":
            parameter.data = parameter.data.clone()


def quantised_layer(quantisation: Quantisation, width: int) -> torch.nn.Module:
    """A square layer of this kind, quantised, where models are trained. Raises whatever the library raises."""
    import bitsandbytes as bnb

    if quantisation.kind == "int8":
        layer = bnb.nn.Linear8bitLt(width, width, bias=False, has_fp16_weights=False)
    else:
        layer = bnb.nn.Linear4bit(
            width, width, bias=False, compute_dtype=torch.float32, quant_type=quantisation.kind, compress_statistics=quantisation.double
        )  # fmt: skip
    return layer.to("cuda" if torch.cuda.is_available() else "cpu")


def gradient_through_quantised(quantisation: Quantisation) -> bool:
    """Whether a tiny quantised layer gives a finite gradient here; importing bitsandbytes alone proves nothing."""
    layer = quantised_layer(quantisation, WIDTH)
    given = torch.ones(2, WIDTH, device=layer.weight.device, requires_grad=True)
    layer(given).square().mean().backward()
    return given.grad is not None and bool(torch.isfinite(given.grad).all())


def require_quantised_training(quantisation: Quantisation) -> None:
    """CannotStart where weights of this kind cannot be trained through on this machine."""
    try:
        works = gradient_through_quantised(quantisation)
        why = "a tiny layer gave no finite gradient"
    except Exception as error:  # noqa: BLE001  whatever the library raises, the answer is that it does not work here
        works, why = False, f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else 'no reason given'}"
    if not works:
        raise CannotStart(
            "technique.weights", f"This machine cannot train through {quantisation.kind} weights ({why}).",
            "Choose LoRA or DoRA, or another format of the frozen weights; `phitune doctor` tells more.",
        )  # fmt: skip
