"""The measure of every export: what the merged float32 model says about the compared texts, kept in one file beside the export."""

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file
from tokenizers import Tokenizer

from phitune_gui.core.problem import CannotStart
from phitune_gui.data.tokens import Encoded
from phitune_gui.engine.compared_rows import MAX_LENGTH, ComparedRows
from phitune_gui.engine.decoding import Answer, reference_answers
from phitune_gui.engine.loss import causal_model
from phitune_gui.engine.model import Tuned
from phitune_gui.engine.tokenizer import load_tokenizer, probe_texts

TOP = 64
MAX_POSITIONS = 2000
NOTHING = np.zeros(0, np.int32)


class Reference(NamedTuple):
    """`lengths[t]` tokens of text t lie one after the other in `ids`; `positions` index `ids` and predict the token after them.

    Per position: the TOP most likely tokens and their float32 logits, the log of the sum of all exponentials, and the true next
    token with its logit. `said` pairs texts with the ids the training tokenizer gave. Prompts, answers and the answers' gaps lie one
    after the other too; exports of older versions have none.
    """

    ids: np.ndarray
    lengths: np.ndarray
    positions: np.ndarray
    top_ids: np.ndarray
    top_logits: np.ndarray
    logsumexp: np.ndarray
    target_ids: np.ndarray
    target_logits: np.ndarray
    said: tuple[tuple[str, tuple[int, ...]], ...]
    source: str
    prompt_ids: np.ndarray = NOTHING
    prompt_lengths: np.ndarray = NOTHING
    answer_ids: np.ndarray = NOTHING
    answer_lengths: np.ndarray = NOTHING
    answer_gaps: np.ndarray = NOTHING


def make_reference(model: Tuned, compared: ComparedRows, tokenizer_folder: Path, ends: Collection[int]) -> Reference:
    """The reference on these rows, up to about MAX_POSITIONS learned positions; a token of `ends` ends an answer."""
    longest = min(MAX_LENGTH, causal_model(model).config.max_position_embeddings - 1)  # the runtime wants room for one more token
    rows, positions, offset = [], [], 0
    for row in compared.rows:
        cut = row.encoded().cut(longest)
        learned = [offset + place - 1 for place, is_learned in enumerate(cut.learned) if is_learned and place > 0]
        if not learned:
            continue
        rows.append(cut)
        positions.append(learned)
        offset += len(cut.ids)
        if sum(map(len, positions)) >= MAX_POSITIONS:
            break
    if not rows:
        raise CannotStart("data.sources", "No row is left to compare the export with.", "Hold out some rows, or learn from other data.")
    figures = [_figures(model, row, np.array(chosen) - start) for row, chosen, start in zip(rows, positions, _starts(rows), strict=True)]
    top_ids, top_logits, logsumexp, target_ids, target_logits = (np.concatenate(parts) for parts in zip(*figures, strict=True))
    answers = reference_answers(causal_model(model), rows, ends)
    return Reference(
        np.concatenate([np.array(row.ids, np.int32) for row in rows]), np.array([len(row.ids) for row in rows], np.int32),
        np.concatenate([np.array(chosen, np.int32) for chosen in positions]), top_ids, top_logits, logsumexp, target_ids, target_logits,
        _said(rows, tokenizer_folder), compared.source,
        np.concatenate([answer.prompt for answer in answers]), np.array([len(answer.prompt) for answer in answers], np.int32),
        np.concatenate([answer.ids for answer in answers]), np.array([len(answer.ids) for answer in answers], np.int32),
        np.concatenate([answer.gaps for answer in answers]),
    )  # fmt: skip


def texts(reference: Reference) -> list[tuple[np.ndarray, np.ndarray, slice]]:
    """Per text: its ids, its compared positions within it, and where these lie in the per-position arrays."""
    ends = np.cumsum(reference.lengths)
    found = []
    for start, end in zip(ends - reference.lengths, ends, strict=True):
        first, last = np.searchsorted(reference.positions, [start, end])
        found.append((reference.ids[start:end], reference.positions[first:last] - start, slice(int(first), int(last))))
    return found


def answers_of(reference: Reference) -> list[Answer]:
    """The prompts with the reference's answers."""
    prompts = np.split(reference.prompt_ids, np.cumsum(reference.prompt_lengths)[:-1])
    places = np.cumsum(reference.answer_lengths)[:-1]
    answers = zip(prompts, np.split(reference.answer_ids, places), np.split(reference.answer_gaps, places), strict=True)
    return [Answer(*parts) for parts in answers if len(parts[1])]


def save_reference(reference: Reference, file: Path) -> None:
    """Write the reference as safetensors; the texts are in its metadata."""
    arrays = {name: value for name, value in reference._asdict().items() if isinstance(value, np.ndarray)}
    save_file(arrays, file, metadata={"said": json.dumps(reference.said), "source": reference.source})


def load_reference(file: Path) -> Reference:
    """The reference in `file`. Raises CannotStart when it cannot be read."""
    try:
        with safe_open(file, "numpy") as opened:
            arrays = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118  it is no dictionary
            notes = opened.metadata() or {}
        said = tuple((text, tuple(ids)) for text, ids in json.loads(notes["said"]))
        return Reference(**arrays, said=said, source=notes["source"])
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise CannotStart(str(file), f"{file} is missing or damaged, so nothing can be compared.", "Export the run again.") from error


def _starts(rows: Sequence[Encoded]) -> list[int]:
    return list(np.cumsum([0, *(len(row.ids) for row in rows[:-1])]))


@torch.inference_mode()
def _figures(model: Tuned, row: Encoded, positions: np.ndarray) -> tuple[np.ndarray, ...]:
    base = causal_model(model)
    ids = torch.tensor([row.ids], device=base.device)
    hidden = base.model(input_ids=ids, use_cache=False).last_hidden_state[0, torch.from_numpy(positions)]
    logits = base.lm_head(hidden).float()
    top = logits.topk(min(TOP, logits.shape[-1]), dim=-1)
    targets = ids[0, torch.from_numpy(positions) + 1]
    true = logits.gather(1, targets[:, None])[:, 0]
    arrays = (top.indices.int(), top.values, logits.logsumexp(-1), targets.int(), true)
    return tuple(array.cpu().numpy() for array in arrays)


def _said(rows: Sequence[Encoded], folder: Path) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """What the training tokenizer makes of the rendered rows and of this tokenizer's own control tokens among plain words."""
    tokenizer = load_tokenizer(folder)
    wanted = [*(row.text for row in rows if row.text), *probe_texts(Tokenizer.from_file(str(folder / "tokenizer.json")))]
    return tuple((text, tuple(tokenizer.encode(text, add_special_tokens=False))) for text in wanted)
