"""Every listed technique keeps the same promises: readable options, exact counts, a config that PEFT takes."""

from typing import Any

import pytest

from phitune_gui.catalog.base_models import judge_config
from phitune_gui.catalog.techniques import TECHNIQUES, Technique, options_for, technique, technique_problems
from phitune_gui.catalog.techniques.lora import LORA, LoraOptions
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.recipe import TechniqueSection
from tests.catalog.test_base_models import MEDIUM, MINI, PHI_4_MINI

every_technique = pytest.mark.parametrize("each", TECHNIQUES, ids=lambda each: each.id)


def section(**options: Any) -> TechniqueSection:
    """A technique section as a recipe file would hold it."""
    return TechniqueSection.model_validate({"id": "lora", **options})


@every_technique
def test_options_have_a_title_and_a_sentence(each: Technique[Any]) -> None:
    for name, field in each.options.model_fields.items():
        assert field.title, name
        assert field.description, name
        assert field.description.endswith("."), name
    assert each.summary.endswith(".")


@every_technique
def test_defaults_pass_their_own_checks(each: Technique[Any]) -> None:
    assert each.checks(each.options(), judge_config(MINI)) == ()
    assert each.checks(each.options(), None) == ()
    assert technique(each.id) is each


@pytest.mark.parametrize("each", [each for each in TECHNIQUES if each.in_four_bits], ids=lambda each: each.id)
def test_the_same_adapter_in_four_bits_takes_the_same_options(each: Technique[Any]) -> None:
    sister, mini = technique(each.in_four_bits), judge_config(MINI)
    options = sister.options.model_validate(each.options(rank=8, target_modules=("o_proj",)).model_dump())
    assert each.adapter_parameters(options, mini) == sister.adapter_parameters(options, mini)
    assert each.peft_config(options) == sister.peft_config(options)
    assert sister.quantisation(options) is not None
    assert each.quantisation(each.options()) is None


def test_ids_are_unique() -> None:
    assert len({each.id for each in TECHNIQUES}) == len(TECHNIQUES)
    with pytest.raises(KeyError):
        technique("no such technique")


@every_technique
@pytest.mark.engine
def test_peft_takes_the_config_and_counts_the_same(each: Technique[Any]) -> None:
    from transformers import Phi3Config, Phi3ForCausalLM

    from phitune_gui.engine.model import attach_adapter

    fields = {
        "vocab_size": 128, "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 8,
        "num_key_value_heads": 2, "max_position_embeddings": 64, "pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 1,
    }  # fmt: skip
    tuned, _wrapped = attach_adapter(Phi3ForCausalLM(Phi3Config(**fields)), each, each.options())
    trainable = sum(weights.numel() for weights in tuned.parameters() if weights.requires_grad)
    assert trainable == each.adapter_parameters(each.options(), judge_config({"model_type": "phi3", **fields}))


@pytest.mark.parametrize(
    ("changes", "options", "parameters"),
    [
        ({}, {}, 25_165_824),
        ({}, {"rank": 32}, 50_331_648),
        ({}, {"target_modules": ("qkv_proj", "o_proj")}, 9_437_184),
        ({}, {"target_modules": ("o_proj", "down_proj")}, 8_912_896),
        ({}, {"target_modules": ("o_proj",)}, 3_145_728),
        (MEDIUM, {}, 55_705_600),
        (PHI_4_MINI, {}, 23_068_672),
    ],
)
def test_lora_counts_what_published_tables_say(changes: dict[str, object], options: dict[str, Any], parameters: int) -> None:
    assert LORA.adapter_parameters(LoraOptions(**options), judge_config({**MINI, **changes})) == parameters


def test_lora_says_peft_words() -> None:
    config = LORA.peft_config(LoraOptions(rank=8, alpha=4, dropout=0.1))
    assert config == {
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 8, "lora_alpha": 4, "lora_dropout": 0.1,
        "target_modules": ["qkv_proj", "o_proj", "gate_up_proj", "down_proj"],
    }  # fmt: skip


def test_names_of_other_models_lead_to_the_fused_layers() -> None:
    (problem,) = technique_problems(section(target_modules=["q_proj", "v_proj", "up_proj"]), judge_config(MINI))
    assert problem.severity == "problem"
    assert "q_proj, v_proj, up_proj" in problem.what
    assert "qkv_proj, o_proj, gate_up_proj, down_proj" in problem.what
    assert "qkv_proj and gate_up_proj" in problem.how_to_fix


@pytest.mark.parametrize("names", [[], ["qkv_proj", "qkv_proj"], ["lm_head"]])
def test_other_useless_targets_are_problems(names: list[str]) -> None:
    (problem,) = technique_problems(section(target_modules=names), None)
    assert problem.severity == "problem"


def test_target_modules_may_be_typed_as_one_text() -> None:
    options = options_for(section(target_modules="qkv_proj, o_proj"))
    assert options == LoraOptions(target_modules=("qkv_proj", "o_proj"))


def test_blocks_may_be_typed_as_ranges() -> None:
    mini = judge_config(MINI)
    chosen = section(model_blocks="0, 16-31")
    assert options_for(chosen) == LoraOptions(model_blocks=(0, *range(16, 32)))
    assert options_for(section(model_blocks=["30-31"])) == LoraOptions(model_blocks=(30, 31))
    assert LORA.adapter_parameters(LoraOptions(model_blocks=(0, *range(16, 32))), mini) == 25_165_824 * 17 // 32
    assert technique_problems(chosen, mini) == ()


@pytest.mark.parametrize(
    ("blocks", "said"),
    [
        ([32], "no block 32"),
        ([-1], "no block -1"),
        ([3, 3], "twice"),
        ("3-", "a list of whole numbers"),
        ("9-2", "a list"),
        ("0-999999999", "no block 999999999; its 32 blocks are counted from 0"),
        ("40-1000", "no blocks 40, 1000; its 32 blocks"),
        ("1000-1000", "twice"),
    ],
)
def test_blocks_that_are_not_there_are_problems(blocks: Any, said: str) -> None:
    (problem,) = technique_problems(section(model_blocks=blocks), judge_config(MINI))
    assert (problem.severity, problem.where) == ("problem", "technique.model_blocks")
    assert said in problem.what


def test_rank_as_wide_as_the_layers_is_advised_against() -> None:
    tiny = judge_config({**MINI, "hidden_size": 64, "num_attention_heads": 4, "num_key_value_heads": 4})
    (advice,) = technique_problems(section(rank=64), tiny)
    assert (advice.severity, advice.where) == ("advice", "technique.rank")
    assert technique_problems(section(rank=63), tiny) == ()


@pytest.mark.parametrize("id", ["pissa", "olora"])
def test_a_start_that_the_layers_do_not_have_is_a_problem(id: str) -> None:
    tiny = judge_config({**MINI, "hidden_size": 64, "num_attention_heads": 4, "num_key_value_heads": 4})
    (problem,) = technique_problems(section(id=id, rank=64), tiny)
    assert (problem.severity, problem.where) == ("problem", "technique.rank")


@pytest.mark.parametrize(
    ("options", "where", "words"),
    [
        ({"rank": 0}, "technique.rank", ("Rank (technique.rank) is 0", "from 1 to 1024")),
        ({"rank": 1025}, "technique.rank", ("is 1025", "from 1 to 1024")),
        ({"rank": "many"}, "technique.rank", ("'many'", "a whole number from 1 to 1024")),
        ({"dropout": 1}, "technique.dropout", ("is 1", "a number from 0 to 0.9")),
        ({"target_modules": 3}, "technique.target_modules", ("is 3", "a list of names")),
        ({"radius": 3}, "technique.radius", ("no option named radius",)),
    ],
)
def test_bad_options_are_named_with_their_limits(options: dict[str, Any], where: str, words: tuple[str, ...]) -> None:
    (problem,) = technique_problems(section(**options), None)
    assert (problem.severity, problem.where) == ("problem", where)
    assert all(word in problem.what for word in words), problem.what
    assert "technique." in problem.how_to_fix
    with pytest.raises(CannotStart) as caught:
        options_for(section(**options))
    assert caught.value.problem == problem


def test_unknown_technique_is_a_problem_and_no_crash() -> None:
    (problem,) = technique_problems(TechniqueSection(id="magic"), None)
    assert (problem.where, "lora" in problem.how_to_fix) == ("technique.id", True)
    with pytest.raises(CannotStart, match="magic"):
        options_for(TechniqueSection(id="magic"))
