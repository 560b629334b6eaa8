"""What advice reckons with while nobody has named a model or a dataset: Phi-3-mini and a thousand rows of middle length."""

from phitune_gui.catalog.base_models import judge_config
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.dataset_report import DatasetReport, Lengths

_ROWS, _HELD_OUT, _TOKENS, _LONGEST = 900, 100, 256, 512


def typical_model() -> BaseModel:
    """Phi-3-mini 4k by the sizes of microsoft/Phi-3-mini-4k-instruct's config.json, as if its weights were here."""
    judged = judge_config({
        "model_type": "phi3", "hidden_size": 3072, "intermediate_size": 8192, "num_hidden_layers": 32, "num_attention_heads": 32,
        "num_key_value_heads": 32, "vocab_size": 32064, "max_position_embeddings": 4096, "original_max_position_embeddings": 4096,
        "sliding_window": 2047, "torch_dtype": "bfloat16",
    })  # fmt: skip
    return judged.model_copy(update={"has_weights": True, "has_tokenizer": True})


def with_typical_lengths(report: DatasetReport) -> DatasetReport:
    """The report with assumed tokens where nobody has counted any, for want of a tokenizer."""
    if report.tokens or not report.train_rows:
        return report
    tokens = report.train_rows * _TOKENS
    counted = {"lengths": typical_report().lengths, "tokens": tokens, "learned_tokens": tokens // 2, "estimated": True}
    return report.model_copy(update=counted)


def typical_report() -> DatasetReport:
    """A clean dataset of a thousand rows, a tenth of them held out."""
    return DatasetReport(
        files=(), format="openai_messages", format_certainty=1.0, format_reason="assumed", encoding="UTF-8", rows=_ROWS + _HELD_OUT,
        kept=_ROWS + _HELD_OUT, train_rows=_ROWS, validation_rows=_HELD_OUT, max_length=1024, tokens=_ROWS * _TOKENS,
        lengths=Lengths(min=_TOKENS // 2, p50=_TOKENS, p95=_LONGEST - 64, max=_LONGEST), learned_tokens=_ROWS * _TOKENS // 2,
        estimated=True,
    )  # fmt: skip
