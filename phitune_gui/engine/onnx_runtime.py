"""Opens ONNX exports with onnxruntime-genai, which is told not to send telemetry before it is imported."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from phitune_gui.core.problem import CannotStart
from phitune_gui.engine.threads import physical_cores

os.environ["ORT_DISABLE_TELEMETRY"] = "1"


def genai() -> ModuleType:
    """The module onnxruntime_genai, telemetry off. Windows also wants to be told by a call."""
    import onnxruntime_genai

    if os.name == "nt" and hasattr(onnxruntime_genai, "disable_telemetry_events"):
        onnxruntime_genai.disable_telemetry_events()
    return onnxruntime_genai


def open_model(folder: Path, threads: int | None = None) -> Any:
    """The model of an export with `threads` threads (default: physical cores). Raises CannotStart when it cannot be read."""
    og = genai()
    settings = {"model": {"decoder": {"session_options": {"intra_op_num_threads": threads or physical_cores()}}}}
    try:
        config = og.Config(str(folder))
        config.overlay(json.dumps(settings))
        return og.Model(config)
    except RuntimeError as error:
        raise CannotStart(
            str(folder),
            f"The export in {folder} cannot be opened: {_first_sentence(error)}",
            "Export the run again, or choose another export.",
        ) from error


def generator(model: Any, max_length: int, **search: Any) -> Any:
    """A generator for one conversation of at most `max_length` tokens, prompt and answer together."""
    og = genai()
    params = og.GeneratorParams(model)
    params.set_search_options(max_length=max_length, **search)
    return og.Generator(model, params)


def prompt_logits(model: Any, ids: np.ndarray) -> np.ndarray:
    """Float32 logits after every token of `ids`, of shape (tokens, vocabulary)."""
    run = generator(model, len(ids) + 1, do_sample=False)
    run.append_tokens(ids.astype(np.int32))
    return np.asarray(run.get_output("logits"), dtype=np.float32)[0]


def speak(model: Any, prompt: np.ndarray, most: int) -> Iterator[int]:
    """The likeliest tokens after `prompt`, as the runtime's own search makes them, until it ends or there are `most`."""
    run = generator(model, len(prompt) + most, do_sample=False)
    run.append_tokens(prompt.astype(np.int32))
    while not run.is_done():
        run.generate_next_token()
        yield int(run.get_next_tokens()[0])


def encode(model: Any, texts: list[str]) -> list[list[int]]:
    """What the runtime's own tokenizer makes of each text."""
    tokenizer = genai().Tokenizer(model)
    return [[int(id) for id in tokenizer.encode(text)] for text in texts]


def _first_sentence(error: Exception) -> str:
    line = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return line if line.endswith(".") else f"{line}."
