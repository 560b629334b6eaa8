"""Answers made token by token: only here a model reads its key/value cache, which a comparison of whole texts never does."""

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
import torch
from transformers import Phi3ForCausalLM

from phitune_gui.data.tokens import Encoded

MAX_ANSWERS, MAX_TOKENS = 4, 32
SHORTEST_PROMPT = 8
"""Texts that are learned from their beginning are answered from their middle on."""

Speak = Callable[[np.ndarray, int], Iterator[int]]
"""The likeliest tokens after a prompt, one by one, at most so many."""


class Answer(NamedTuple):
    """A prompt, the reference's answer, and by how much each of its tokens' logits exceeded the second best."""

    prompt: np.ndarray
    ids: np.ndarray
    gaps: np.ndarray


class DecodeFigures(NamedTuple):
    """How an export's answers go beside the reference's.

    `first` is the share that begin with the same token, `prefix` the mean number of equal tokens before the first unequal one,
    `tokens` the mean length of the reference's answers, `widest_gap` the surest choice of the reference that was not followed.
    """

    answers: int = 0
    first: float = 0.0
    prefix: float = 0.0
    tokens: float = 0.0
    widest_gap: float = 0.0


def reference_answers(model: Phi3ForCausalLM, rows: Sequence[Encoded], ends: Collection[int]) -> list[Answer]:
    """The model's own answers to the longest prompt, which fills the cache most, and to the first ones; each up to a token of `ends`."""
    prompts = [row.ids[: _prompt_length(row)] for row in rows]
    longest = max(prompts, key=len)
    chosen = [longest, *(prompt for prompt in prompts if prompt is not longest)][:MAX_ANSWERS]
    return [_answer(model, prompt, ends) for prompt in chosen]


def speak(model: Phi3ForCausalLM, prompt: np.ndarray, most: int) -> Iterator[int]:
    """The likeliest tokens after `prompt`, through the cache."""
    return (token for token, _gap in islice(_decode(model, prompt.tolist()), most))


def compare_answers(answers: Sequence[Answer], speak: Speak) -> DecodeFigures:
    """Let the export answer the same prompts; each answer is followed to its first unequal token, after which nothing can be compared."""
    if not answers:
        return DecodeFigures()
    equal = [_equal_tokens(answer.ids, speak(answer.prompt, len(answer.ids))) for answer in answers]
    gaps = [float(answer.gaps[same]) for answer, same in zip(answers, equal, strict=True) if same < len(answer.ids)]
    return DecodeFigures(
        len(answers), sum(same > 0 for same in equal) / len(answers), float(np.mean(equal)),
        float(np.mean([len(answer.ids) for answer in answers])), max(gaps, default=0.0),
    )  # fmt: skip


def _equal_tokens(wanted: np.ndarray, spoken: Iterator[int]) -> int:
    count = 0
    for expected, found in zip(wanted, spoken, strict=False):
        if expected != found:
            break
        count += 1
    return count


def _prompt_length(row: Encoded) -> int:
    first = next(place for place, is_learned in enumerate(row.learned) if is_learned and place > 0)
    return first if first >= SHORTEST_PROMPT else max(first, len(row.ids) // 2)


def _answer(model: Phi3ForCausalLM, prompt: list[int], ends: Collection[int]) -> Answer:
    room = min(MAX_TOKENS, model.config.max_position_embeddings - len(prompt))
    ids, gaps = [], []
    for token, gap in islice(_decode(model, prompt), room):
        ids.append(token)
        gaps.append(gap)
        if token in ends:
            break
    return Answer(np.array(prompt, np.int32), np.array(ids, np.int32), np.array(gaps, np.float32))


def _decode(model: Phi3ForCausalLM, prompt: list[int]) -> Iterator[tuple[int, float]]:
    ids, cache = torch.tensor([prompt], device=model.device), None
    while True:
        with torch.inference_mode():
            out = model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
        cache = out.past_key_values
        best = out.logits[0, -1].float().topk(2)
        token = int(best.indices[0])
        yield token, float(best.values[0] - best.values[1])
        ids = torch.tensor([[token]], device=model.device)
