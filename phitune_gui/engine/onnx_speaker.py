"""Answers with an ONNX export through onnxruntime-genai, without loading torch."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from phitune_gui.core.job import AskRequest
from phitune_gui.core.problem import CannotStart
from phitune_gui.data.tokens import ChatTokenizer
from phitune_gui.engine import onnx_runtime
from phitune_gui.engine.export_manifest import read_manifest


class OnnxSpeaker:
    """An ONNX export; its prompt ids come from the same tokenizer code as training's."""

    def __init__(self, folder: Path, longest: int, threads: int | None) -> None:
        manifest = read_manifest(folder)
        if manifest.kind != "onnx":
            raise CannotStart(
                str(folder), f"An export as {manifest.target} cannot answer here.", "Chat with the run, or with an ONNX export."
            )
        base = manifest.base_model
        self.name = manifest.name
        self.tokenizer = ChatTokenizer.load(folder, base.chat, base.folds_system)
        self.context = min(base.context, longest)
        self._model: Any = onnx_runtime.open_model(folder, threads)

    def speak(self, prompt: list[int], request: AskRequest, most: int) -> Iterator[int]:
        """Token ids from the runtime's own search."""
        search: dict[str, Any] = {"do_sample": request.temperature > 0}
        if request.temperature > 0:
            search |= {"temperature": request.temperature, "top_p": request.top_p, "top_k": 0, "random_seed": request.seed}
        run = onnx_runtime.generator(self._model, len(prompt) + most, **search)
        run.append_tokens(prompt)
        for _ in range(most):
            if run.is_done():
                return
            run.generate_next_token()
            yield int(run.get_next_tokens()[0])
