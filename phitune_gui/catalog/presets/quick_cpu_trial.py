"""Quick CPU trial: ten rows, only to see that everything works."""

from phitune_gui.catalog.presets.preset import Preset, Proposal, Situation
from phitune_gui.catalog.presets.settings import Settings, edits

_ROWS = 10
_PERCENT = 10.0


def propose(situation: Situation) -> tuple[Proposal, ...]:
    """Ten steps of one row, judged before and after on about ten rows."""
    held_out = min(_PERCENT, 100 * _ROWS / situation.rows) if situation.rows else _PERCENT
    settings = Settings(
        technique="lora", options={"rank": 8, "alpha": 16, "dropout": 0.0}, learning_rate=2e-4, schedule="constant", warmup=0.0,
        micro_batch_size=1, accumulation=1, steps=_ROWS, eval_steps=_ROWS, save_steps=_ROWS, max_length=256, held_out=held_out,
    )  # fmt: skip
    why = "Ten rows of at most 256 tokens: shows within minutes that model, data and export work together, and teaches nothing yet."
    return (Proposal(edits(settings, situation), why),)


QUICK_CPU_TRIAL = Preset(
    id="quick-cpu",
    label="Quick CPU trial",
    summary="Ten rows, to see on any machine that the whole way works.",
    source="Ten rows on a CPU: E2E_Phi-3-FineTuning_PromptFlow_Integration.md of the Phi-3 cookbook; rank and rate are PhiTune's.",
    propose=propose,
    must_fit=True,
)
