"""Computes how close an export answers to its reference, and whether that is close enough to be called verified."""

import math
import time
from collections.abc import Callable
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tokenizers import Tokenizer

from phitune_gui.core.parity import Bar, ParityReport
from phitune_gui.engine.compared_rows import texts_named
from phitune_gui.engine.decoding import DecodeFigures
from phitune_gui.engine.reference import Reference, texts
from phitune_gui.engine.tokenizer import probe_texts

Logits = Callable[[np.ndarray], np.ndarray]
"""Token ids of one text to float32 logits of shape (tokens, vocabulary)."""
RUNTIME_DRIFT = 0.01
"""Share of a compared text's tokens that the runtime's own tokenizer may write differently."""


FIRM_TEXTS, FIRM_POSITIONS = 8, 200
"""With less than this a verdict may turn with a few other texts."""


class Figures(NamedTuple):
    """What the comparison gave, averaged over all positions; losses in nats per token."""

    top1: float
    kl: float
    max_logit_difference: float
    reference_loss: float
    export_loss: float

    @property
    def loss_change(self) -> float:
        """How much higher (positive) the export's loss on the learned tokens is, as a share of the reference's."""
        return (self.export_loss - self.reference_loss) / max(abs(self.reference_loss), 1e-9)


class Speed(NamedTuple):
    """Seconds and tokens per second on this machine; None where no answer was timed."""

    load_seconds: float
    first_token_seconds: float | None = None
    tokens_per_second: float | None = None


def compare(reference: Reference, logits_of: Logits) -> Figures:
    """Run every text of the reference through the export and compare position by position."""
    parts = [_compare_text(reference, where, logits_of(ids)[places]) for ids, places, where in texts(reference)]
    same, divergence, difference, loss = (np.concatenate(each) for each in zip(*parts, strict=True))
    reference_loss = float(np.mean(reference.logsumexp.astype(np.float64) - reference.target_logits))
    return Figures(float(same.mean()), float(divergence.mean()), float(difference.max()), reference_loss, float(loss.mean()))


def _compare_text(reference: Reference, where: slice, logits: np.ndarray) -> tuple[np.ndarray, ...]:
    """Per position: same first choice, KL over the reference's top tokens plus the rest as one, largest difference, loss."""
    wide = logits.astype(np.float64)
    peak = wide.max(-1)
    total = peak + np.log(np.exp(wide - peak[:, None]).sum(-1))
    mine = np.take_along_axis(wide, reference.top_ids[where], -1)
    theirs = reference.top_logits[where].astype(np.float64)
    divergence = _divergence(theirs - reference.logsumexp[where].astype(np.float64)[:, None], mine - total[:, None])
    loss = total - np.take_along_axis(wide, reference.target_ids[where][:, None], -1)[:, 0]
    return wide.argmax(-1) == reference.top_ids[where][:, 0], divergence, np.abs(mine - theirs).max(-1), loss


def _divergence(expected: np.ndarray, found: np.ndarray) -> np.ndarray:
    """KL in nats between two rows of log shares, what is missing to 1 being one further outcome."""
    tiny = 1e-12
    expected_rest = np.clip(1 - np.exp(expected).sum(-1), tiny, None)
    found_rest = np.clip(1 - np.exp(found).sum(-1), tiny, None)
    return (np.exp(expected) * (expected - found)).sum(-1) + expected_rest * np.log(expected_rest / found_rest)


def measure_speed(model: Any, prompt: np.ndarray, load_seconds: float, tokens: int = 64) -> Speed:
    """How long an ONNX export takes to its first token after `prompt`, and how many more it makes per second, greedily."""
    from phitune_gui.engine.onnx_runtime import generator

    length = len(prompt) + tokens
    run = generator(model, length, min_length=length, do_sample=False)
    began = time.perf_counter()
    run.append_tokens(prompt.astype(np.int32))
    run.generate_next_token()
    first = time.perf_counter()
    made = 1
    while made < tokens and not run.is_done():
        run.generate_next_token()
        made += 1
    return Speed(load_seconds, first - began, (made - 1) / max(1e-9, time.perf_counter() - first))


def tokenizer_drift(reference: Reference, folder: Path, others: Callable[[list[str]], list[list[int]]]) -> float:
    """Share of the compared tokens that the runtime's own tokenizer writes otherwise than training did; 1 when it is wrong at heart.

    The folder's tokenizer.json must agree with training on every text. The runtime's must on every probe around control tokens,
    where drift ruins answers. In these texts a small share is let pass and reported, because onnxruntime-genai merges rare
    punctuation in another order (`6'',` is one case with Phi-3's own tokenizer). PhiTune itself always feeds ids of tokenizer.json.
    """
    raw = Tokenizer.from_file(str(folder / "tokenizer.json"))
    wanted = {text: list(ids) for text, ids in reference.said}
    found = dict(zip(wanted, others(list(wanted)), strict=True))
    if any(raw.encode(text, add_special_tokens=False).ids != ids for text, ids in wanted.items()):
        return 1.0
    probes = wanted.keys() & set(probe_texts(raw))
    if any(found[text] != wanted[text] for text in probes):
        return 1.0
    rows = wanted.keys() - probes
    differing = sum(_differing(wanted[text], found[text]) for text in rows)
    return differing / max(1, sum(len(wanted[text]) for text in rows))


def _differing(wanted: list[int], found: list[int]) -> int:
    """Tokens of `wanted` that have no counterpart in `found`."""
    if wanted == found:
        return 0
    blocks = SequenceMatcher(None, wanted, found, autojunk=False).get_matching_blocks()
    return max(1, len(wanted) - sum(block.size for block in blocks))


def shortfalls(bar: Bar, figures: Figures) -> list[str]:
    """One clause per demand of the bar that the figures miss; figures that are no numbers miss everything."""
    if not all(math.isfinite(figure) for figure in figures):
        return ["its figures are not numbers"]
    missed = []
    if bar.max_logit_difference is not None and figures.max_logit_difference > bar.max_logit_difference:
        missed.append(f"logits differ by up to {figures.max_logit_difference:.1e}, allowed is {bar.max_logit_difference:.0e}")
    if bar.min_top1 is not None and figures.top1 < bar.min_top1:
        missed.append(f"the first choice agrees in {figures.top1:.1%} of positions, asked is {bar.min_top1:.0%}")
    if bar.max_loss_change is not None and abs(figures.loss_change) > bar.max_loss_change:
        missed.append(f"the loss changes by {figures.loss_change:+.1%}, allowed is {bar.max_loss_change:.0%}")
    return missed


def _decode_shortfalls(bar: Bar, decoded: DecodeFigures) -> list[str]:
    gap = decoded.widest_gap
    if bar.max_decode_gap is None or gap < bar.max_decode_gap:
        return []
    return [f"token by token it answers otherwise where the model's two best logits are {gap:.1e} apart, not {bar.max_decode_gap:.0e}"]


def _decode_words(decoded: DecodeFigures) -> str:
    if not decoded.answers:
        return ""
    return f"; {decoded.answers} answers made token by token agree for {decoded.prefix:.1f} of {decoded.tokens:.1f} tokens"


class Circumstances(NamedTuple):
    """What is known about an export besides its figures; `faults` are clauses that each forbid calling it verified."""

    target: str
    precision: str
    bytes: int
    faults: tuple[str, ...]
    drift: float
    stops: bool
    decoded: DecodeFigures = DecodeFigures()


def _thin(positions: int, texts: int) -> str:
    if positions >= FIRM_POSITIONS and texts >= FIRM_TEXTS:
        return ""
    return f" A thin sample: hold out more rows for a firm verdict (at least {FIRM_TEXTS} texts and {FIRM_POSITIONS} positions)."


def build_report(bar: Bar, reference: Reference, figures: Figures, speed: Speed, known: Circumstances) -> ParityReport:
    """The report with its verdict: the bar is met, nothing is damaged, the tokenizers agree and answers can end."""
    coarse, missed = shortfalls(bar, figures), [*_decode_shortfalls(bar, known.decoded), *known.faults]
    if bar.is_empty:
        missed.append("nothing was asked of it")
    agrees = known.drift <= RUNTIME_DRIFT
    if not agrees:
        missed.append("its tokenizer gives other tokens than the one used in training")
    if not known.stops:
        missed.append("its stop tokens lack the one that ends an answer")
    too_coarse = bool(coarse) and not missed
    missed = [*coarse, *missed]
    count, rows = len(reference.positions), len(reference.lengths)
    seen = (
        f"{count} positions in {texts_named(rows, reference.source)}: first choice agrees in {figures.top1:.1%},"
        f" KL {figures.kl:.4f}, loss {figures.loss_change:+.2%}{_decode_words(known.decoded)}"
    )
    return ParityReport(
        target=known.target, precision=known.precision, verified=not missed,
        why=(f"Not verified: {'; '.join(missed)}. Seen on {seen}." if missed else f"Verified on {seen}.") + _thin(count, rows),
        bar=bar, positions=count, texts=rows, bytes=known.bytes, loss_change=figures.loss_change,
        tokenizer_agrees=agrees, tokenizer_drift=known.drift, stops=known.stops, too_coarse=too_coarse,
        decoded_answers=known.decoded.answers, decode_first=known.decoded.first, decode_prefix=known.decoded.prefix,
        decode_tokens=known.decoded.tokens, **figures._asdict(), **speed._asdict(),
    )  # fmt: skip
