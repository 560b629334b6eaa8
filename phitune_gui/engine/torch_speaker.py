"""Answers with a base model, or with a run's adapter on it, through torch."""

from collections.abc import Iterator
from pathlib import Path

import torch

from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.job import AskRequest
from phitune_gui.data.tokens import ChatTokenizer
from phitune_gui.engine.loss import causal_model
from phitune_gui.engine.model import load_base, with_adapter
from phitune_gui.engine.number_format import choose_dtype
from phitune_gui.engine.threads import use_threads
from phitune_gui.engine.virtual_tokens import adds_tokens


class TorchSpeaker:
    """A base model, with an adapter on it for a run."""

    def __init__(self, model: BaseModel, adapter: Path | None, longest: int, threads: int | None) -> None:
        use_threads(threads)
        self.name = model.name
        self.tokenizer = ChatTokenizer.load(Path(model.path), model.chat, model.folds_system)
        self.context = min(model.context, longest)
        base = load_base(model, choose_dtype("auto"))
        tuned = base if adapter is None else with_adapter(base, adapter)
        self._model = tuned.eval()
        # Virtual tokens lie in the cache after the first pass; peft would put them in again.
        self._later = causal_model(tuned) if adds_tokens(tuned) else tuned
        self.context -= tuned.active_peft_config.num_virtual_tokens if adds_tokens(tuned) else 0

    def speak(self, prompt: list[int], request: AskRequest, most: int) -> Iterator[int]:
        """One token after the other with a key/value cache; temperature 0 takes the most likely one."""
        random = torch.Generator().manual_seed(request.seed)
        ids, cache = torch.tensor([prompt]), None
        for _ in range(most):
            with torch.inference_mode():
                model = self._model if cache is None else self._later
                out = model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
            cache = out.past_key_values
            token = choose(out.logits[0, -1].float(), request, random)
            yield token
            ids = torch.tensor([[token]])


def choose(logits: torch.Tensor, request: AskRequest, random: torch.Generator) -> int:
    """The next token from logits of shape (vocabulary,): the likeliest, or a draw from the nucleus of mass `top_p`."""
    if request.temperature <= 0:
        return int(logits.argmax())
    shares, order = (logits / request.temperature).softmax(-1).sort(descending=True)
    outside = shares.cumsum(-1) - shares >= request.top_p
    drawn = torch.multinomial(shares.masked_fill(outside, 0.0), 1, generator=random)
    return int(order[drawn])
