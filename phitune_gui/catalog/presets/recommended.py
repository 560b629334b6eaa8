"""Recommended: what PhiTune would choose, by the model's size, the memory and the rows."""

from dataclasses import replace

from phitune_gui.catalog.presets.preset import Preset, Proposal, Situation
from phitune_gui.catalog.presets.settings import Settings, edits
from phitune_gui.catalog.techniques import TECHNIQUES

_FEW, _MANY = 200, 5_000
_LARGE = 10_000_000_000
_LONGEST, _SHORTEST, _UNKNOWN = 2048, 256, 1024
"""Tokens: conversations are cut at the longest row, but never above what Microsoft's sample uses (2048) nor what the model looks back."""


def propose(situation: Situation) -> tuple[Proposal, ...]:
    """LoRA; where that does not fit, 4-bit weights; where those do not, the adapter that needs least."""
    lora, why = _lora(situation), _why(situation)
    known = {each.id for each in TECHNIQUES}
    tries = [Proposal(edits(lora, situation), why)]
    if "qlora" in known:
        tries.append(Proposal(edits(replace(lora, technique="qlora"), situation), f"{why} QLoRA, because LoRA does not fit here."))
    if "ia3" in known:
        tiny = replace(lora, technique="ia3", options={}, learning_rate=10 * lora.learning_rate)
        tries.append(Proposal(edits(tiny, situation), f"{why} IA3 at ten times the rate, because nothing larger fits here."))
    return tuple(tries)


def _lora(situation: Situation) -> Settings:
    """Rank 16, alpha 32 and dropout 0.05 on all four layers as in Microsoft's sample; the rate of the published LoRA recipes."""
    rows, model, report = situation.rows, situation.model, situation.report
    large = model is not None and model.parameters > _LARGE
    longest = report.lengths.max if report else 0
    reach = min(_LONGEST, model.sliding_window or _LONGEST) if model else _LONGEST
    return Settings(
        technique="lora", options={"rank": 16, "alpha": 32, "dropout": 0.05}, learning_rate=1e-4 if large else 2e-4, schedule="cosine",
        warmup=0.1, micro_batch_size=4, accumulation=1 if rows < _FEW else 4 if rows >= _MANY else 2,
        epochs=3 if rows < _MANY else 1, max_length=min(reach, max(_SHORTEST, longest)) if longest else _UNKNOWN,
    )  # fmt: skip


def _why(situation: Situation) -> str:
    rows = situation.rows
    if not rows:
        return "Three passes with LoRA at rank 16: a good start for most data."
    if rows < _MANY:
        return f"Three passes over {rows:,} rows with LoRA at rank 16, and a batch that gives enough steps to learn in."
    return f"One pass with LoRA at rank 16, because {rows:,} rows say enough at once."


RECOMMENDED = Preset(
    id="recommended",
    label="Recommended",
    summary="What suits this model, this memory and this many rows.",
    source="Adapter of Microsoft's sample_finetune.py; rates of the cookbook (1e-4) and of axolotl and Olive (2e-4).",
    propose=propose,
    must_fit=True,
)
