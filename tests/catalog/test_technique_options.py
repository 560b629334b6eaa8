"""Every technique keeps its promises for all options that its limits allow, and names the field for all that they do not."""

from typing import Annotated, Any, Literal, get_args, get_origin

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic.fields import FieldInfo

from phitune_gui.catalog.base_models import judge_config
from phitune_gui.catalog.base_models.shapes import FUSED_LAYERS
from phitune_gui.catalog.techniques import TECHNIQUES, Technique, technique_problems
from phitune_gui.catalog.techniques.saved_shapes import saved_shapes
from phitune_gui.catalog.techniques.target_modules import adapted_blocks
from phitune_gui.core.recipe import TechniqueSection

every_technique = pytest.mark.parametrize("each", TECHNIQUES, ids=lambda each: each.id)
SIZES = {
    "vocab_size": 96, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 1024, "pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 1,
}  # fmt: skip
TINY = judge_config({"model_type": "phi3", **SIZES})
LARGEST = 48
"""Sizes are drawn up to here: beyond it they only cost time on a model this small."""


def _kind(field: FieldInfo) -> Any:
    return get_args(field.annotation)[0] if get_origin(field.annotation) is Annotated else field.annotation


def _limit(field: FieldInfo, *names: str) -> float | None:
    found = [getattr(limit, name) for limit in field.metadata for name in names if getattr(limit, name, None) is not None]
    return found[0] if found else None


def _inside(field: FieldInfo) -> st.SearchStrategy[Any]:
    kind, low, high = _kind(field), _limit(field, "ge", "gt"), _limit(field, "le", "lt")
    if get_origin(kind) is Literal:
        return st.sampled_from(get_args(kind))
    if kind is bool:
        return st.booleans()
    if kind is int:
        return st.integers(int(low or 0), int(min(high or LARGEST, max(LARGEST, low or 0))))
    if kind is float:
        above, below = _limit(field, "gt") is not None, _limit(field, "lt") is not None
        return st.floats(low, high, exclude_min=above, exclude_max=below, allow_nan=False, allow_subnormal=False)
    if kind is str:
        return st.sampled_from(["", "Answer briefly."])
    if kind == tuple[int, ...]:
        return st.sets(st.integers(0, TINY.layers - 1)).map(lambda blocks: tuple(sorted(blocks)))
    return st.sets(st.sampled_from(FUSED_LAYERS), min_size=1).map(lambda names: tuple(sorted(names)))


def _outside(field: FieldInfo) -> st.SearchStrategy[Any]:
    kind, low, high = _kind(field), _limit(field, "ge", "gt"), _limit(field, "le", "lt")
    wrong = [st.just("neither this nor that" * 10)]
    if kind in (int, float):
        wrong += [st.just(float("nan")), st.booleans()]
        wrong += [st.integers(max_value=int(low) - 1)] if low is not None else []
        wrong += [st.integers(min_value=int(high) + 1)] if high is not None else []
    return st.one_of(wrong)


def options(each: Technique[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Any options inside the limits."""
    return st.fixed_dictionaries({name: _inside(field) for name, field in each.options.model_fields.items()})


def _section(each: Technique[Any], values: dict[str, Any]) -> TechniqueSection:
    return TechniqueSection.model_construct(id=each.id, **values)


def _attaches_and_counts(each: Technique[Any], values: dict[str, Any]) -> None:
    import peft
    import torch
    from transformers import Phi3Config, Phi3ForCausalLM

    from phitune_gui.engine.model import attach_adapter

    chosen = each.options(**values)
    assume(not [problem for problem in each.checks(chosen, TINY) if problem.severity == "problem"])
    torch.manual_seed(0)
    tuned, matched = attach_adapter(Phi3ForCausalLM(Phi3Config(**SIZES)), each, chosen)
    trainable = sum(weights.numel() for weights in tuned.parameters() if weights.requires_grad)
    assert trainable == each.adapter_parameters(chosen, TINY)
    assert matched == len(adapted_blocks(chosen, TINY)) * len(each.target_modules(chosen))
    if matched:
        kept = peft.get_peft_model_state_dict(tuned, save_embedding_layers=False)
        assert saved_shapes(_section(each, values), TINY) == {name: tuple(tensor.shape) for name, tensor in kept.items()}
    logits = tuned(input_ids=torch.arange(8)[None]).logits
    assert torch.isfinite(logits).all()


@every_technique
@pytest.mark.engine
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(data=st.data())
def test_whatever_the_limits_allow_attaches_and_is_counted(each: Technique[Any], data: st.DataObject) -> None:
    _attaches_and_counts(each, data.draw(options(each)))


@every_technique
@pytest.mark.engine
@pytest.mark.slow
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_very_many_options_attach_and_are_counted(each: Technique[Any], data: st.DataObject) -> None:
    _attaches_and_counts(each, data.draw(options(each)))


@pytest.mark.parametrize("each", [each for each in TECHNIQUES if each.options.model_fields], ids=lambda each: each.id)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_whatever_they_forbid_is_a_problem_that_names_the_field(each: Technique[Any], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(each.options.model_fields)))
    value = data.draw(_outside(each.options.model_fields[name]))
    values = {**data.draw(options(each)), name: value}
    found = technique_problems(_section(each, values), TINY)
    assert f"technique.{name}" in {problem.where for problem in found if problem.severity == "problem"}, found
    assert all(problem.what.endswith(".") and problem.how_to_fix.endswith(".") for problem in found)


@every_technique
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_whatever_they_allow_is_planned_without_a_crash(each: Technique[Any], data: st.DataObject) -> None:
    for problem in technique_problems(_section(each, data.draw(options(each))), TINY):
        assert problem.where.startswith("technique.")
