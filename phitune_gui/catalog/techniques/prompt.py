"""Prompt tuning: learn the embeddings of some tokens that stand before every conversation, and nothing else."""

from typing import Any, Literal

from pydantic import Field

from phitune_gui.catalog.techniques import virtual_tokens
from phitune_gui.catalog.techniques.technique import Technique
from phitune_gui.catalog.techniques.virtual_tokens import WHY_NO_MERGE, VirtualTokensOptions, before_all
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.problem import Problem


class PromptOptions(VirtualTokensOptions):
    """What can be set about prompt tuning."""

    start: Literal["vocabulary", "text", "random"] = Field(
        "vocabulary", title="Start", description="Begin as tokens drawn from the vocabulary, as the words of a text, or as random numbers.",
        json_schema_extra={"advanced": True},
    )  # fmt: skip
    text: str = Field(
        "", max_length=200, title="Start text", description="Words that the virtual tokens begin as, repeated or cut to their number.",
        json_schema_extra={"advanced": True},
    )  # fmt: skip


def peft_config(options: PromptOptions) -> dict[str, Any]:
    """Prompt tuning (Lester et al. 2021, arXiv 2104.08691) in PEFT's words.

    A start text is put in by the engine: PEFT would load the tokenizer in a way that may give other ids than its file.
    """
    start = "SAMPLE_VOCAB" if options.start == "vocabulary" else "RANDOM"
    return before_all("PROMPT_TUNING", options, prompt_tuning_init=start)


def count(options: PromptOptions, model: BaseModel) -> int:
    """One embedding per virtual token."""
    return options.virtual_tokens * model.hidden


def checks(options: PromptOptions, model: BaseModel | None) -> tuple[Problem, ...]:
    """Room in the context, and a start text where it is to be used."""
    found = virtual_tokens.checks(options, model)
    if options.start == "text" and not options.text.strip():
        what = "Prompt tuning is to start from a text, but the text is empty."
        fix = "Set technique.text to a short instruction, or technique.start to vocabulary."
        return (Problem(where="technique.text", what=what, how_to_fix=fix), *found)
    if options.start != "text" and options.text.strip():
        what = f"technique.text is not used, because technique.start is {options.start}."
        fix = "Set technique.start to text, or leave technique.text empty."
        return (Problem(severity="advice", where="technique.text", what=what, how_to_fix=fix), *found)
    return found


PROMPT = Technique(
    id="prompt",
    label="Prompt tuning",
    summary="Learns an instruction of some tokens in the model's own language of numbers, put before every conversation.",
    when="When many tiny adapters must share a model, or to see what an instruction alone can do. Wants a learning rate of 1e-2 or more.",
    costs="Next to no optimizer memory; every conversation is longer by the virtual tokens. Learns slowly, and needs PEFT to answer.",
    options=PromptOptions,
    peft_config=peft_config,
    count=count,
    checks=checks,
    why_no_merge=WHY_NO_MERGE,
    usual_learning_rates=(1e-2, 3e-1),  # 3e-1 in arXiv 2104.08691; in ten steps the loss fell 0.3 % at 2e-4, 1.1 % at 2e-2
    start_text=lambda options: options.text if options.start == "text" else "",
)
