"""What can answer: a model folder or a run through torch, an export through onnxruntime-genai, behind one face."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.job import AskRequest, ChatJob
from phitune_gui.core.problem import CannotStart
from phitune_gui.data.tokens import ChatTokenizer

LONGEST_CONTEXT = 4096
"""Longrope models change their factors beyond this, and the key/value cache grows with it."""


class Speaker(Protocol):
    """A loaded model. `context` is the longest conversation in tokens, prompt and answer together."""

    name: str
    tokenizer: ChatTokenizer
    context: int

    def speak(self, prompt: list[int], request: AskRequest, most: int) -> Iterator[int]:
        """Token ids of the answer as they are made, at most `most`; the caller stops at an end token."""


def load_speaker(job: ChatJob) -> Speaker:
    """The speaker of a chat job; torch is loaded only where it answers. Raises CannotStart."""
    source = Path(job.source)
    if job.kind == "export":
        from phitune_gui.engine.onnx_speaker import OnnxSpeaker

        return OnnxSpeaker(source, LONGEST_CONTEXT, job.threads)
    from phitune_gui.engine.torch_speaker import TorchSpeaker

    if job.kind == "model":
        return TorchSpeaker(_usable(job.base_model, source), None, LONGEST_CONTEXT, job.threads)
    from phitune_gui.engine.run_source import read_run

    run = read_run(source)
    if not Path(run.loaded_model.path).is_dir():
        raise CannotStart(
            str(source), f"The base model of this run is gone: there is no folder {run.loaded_model.path}.",
            "Put it back there, or chat with an ONNX export of the run.",
        )  # fmt: skip
    return TorchSpeaker(run.loaded_model, run.adapter if run.is_adapter else None, LONGEST_CONTEXT, job.threads)


def _usable(model: BaseModel | None, source: Path) -> BaseModel:
    if model is None or not model.usable:
        reason = model.reason if model else f"Nothing is known about the model in {source}."
        raise CannotStart(str(source), reason, model.how_to_fix if model else "Choose the model on the Model page.")
    return model
