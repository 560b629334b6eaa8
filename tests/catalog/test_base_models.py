"""Which models are recognised, by which names, and what PhiTune says about each."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phitune_gui.catalog.base_models import CHAT_MARKERS, chat_markers, judge_config
from phitune_gui.catalog.base_models.starter import NAME

MINI: dict[str, object] = {
    "model_type": "phi3", "hidden_size": 3072, "intermediate_size": 8192, "num_hidden_layers": 32, "num_attention_heads": 32,
    "num_key_value_heads": 32, "vocab_size": 32064, "max_position_embeddings": 4096, "original_max_position_embeddings": 4096,
    "sliding_window": 2047, "torch_dtype": "bfloat16", "eos_token_id": 32000, "pad_token_id": 32000,
}  # fmt: skip
LONG = {"max_position_embeddings": 131072, "sliding_window": 262144}
PHI_4_MINI = {
    **LONG, "num_attention_heads": 24, "num_key_value_heads": 8, "vocab_size": 200064, "tie_word_embeddings": True,
    "rope_scaling": {"type": "longrope", "short_factor": [1.0], "long_factor": [1.0]},
}  # fmt: skip
MEDIUM = {
    "hidden_size": 5120, "intermediate_size": 17920, "num_hidden_layers": 40, "num_attention_heads": 40, "num_key_value_heads": 10,
}  # fmt: skip
STARTER: dict[str, object] = {
    "model_type": "phi3", "vocab_size": 49152, "hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30,
    "num_attention_heads": 9, "num_key_value_heads": 3, "max_position_embeddings": 8192, "original_max_position_embeddings": 8192,
    "tie_word_embeddings": True, "eos_token_id": 2, "pad_token_id": 2, "dtype": "float32",
}  # fmt: skip


def rope(kind: str, first: float) -> dict[str, object]:
    """Position settings of a long model."""
    return {**LONG, "rope_scaling": {"type": kind, "short_factor": [first], "long_factor": [first]}}


@pytest.mark.parametrize(
    ("changes", "name", "family", "parameters"),
    [
        ({}, "Phi-3-mini 4k", "Phi-3-mini", 3_821_079_552),
        (rope("su", 1.05), "Phi-3-mini 128k", "Phi-3-mini", 3_821_079_552),
        (rope("longrope", 1.1), "Phi-3-mini 128k", "Phi-3-mini", 3_821_079_552),
        (rope("longrope", 1.0), "Phi-3-mini 128k or Phi-3.5-mini", "Phi-3-mini", 3_821_079_552),
        (MEDIUM, "Phi-3-medium 4k", "Phi-3-medium", 13_960_238_080),
        (PHI_4_MINI, "Phi-4-mini", "Phi-4-mini", 3_836_021_760),
        ({**MEDIUM, "vocab_size": 100352, "max_position_embeddings": 16384}, "Phi-4", "Phi-4", 14_659_507_200),
        ({"hidden_size": 64, "num_attention_heads": 4, "num_key_value_heads": 4}, "Phi-3 layout, 32 layers of 64", "Phi-3 layout", None),
    ],
)
def test_phi3_is_named_by_its_shapes(changes: Mapping[str, object], name: str, family: str, parameters: int | None) -> None:
    model = judge_config({**MINI, **changes})
    assert model.usable, model.reason
    assert (model.name, model.family) == (name, family)
    assert parameters is None or model.parameters == parameters


def test_starter_is_named_honestly() -> None:
    model = judge_config(STARTER)
    assert (model.name, NAME) == (NAME, "Starter (SmolLM2-135M-Instruct in Phi-3 layout)")
    assert (model.licence, model.usable, model.parameters, model.head_size) == ("Apache-2.0", True, 134_515_008, 64)


def test_rope_type_su_is_read_as_longrope_and_said() -> None:
    model = judge_config({**MINI, **rope("su", 1.05)})
    assert (model.context, model.original_context) == (131072, 4096)
    assert any("'su' as longrope" in note and "not changed" in note for note in model.notes)


def test_new_and_old_field_names_say_the_same() -> None:
    old = judge_config({**MINI, **rope("longrope", 1.0)})
    new = {key: value for key, value in {**MINI, **rope("longrope", 1.0)}.items() if key not in ("rope_scaling", "torch_dtype")}
    new |= {"dtype": "bfloat16", "rope_parameters": {"rope_type": "longrope", "short_factor": [1.0], "rope_theta": 1e4}}
    assert judge_config(new) == old


def test_notes_name_what_holds_and_nothing_else() -> None:
    notes = " ".join(judge_config(STARTER).notes)
    assert "fuses" in notes
    assert "same token that ends a text" in notes
    assert "looks back" not in notes
    assert "longrope" not in notes
    notes = " ".join(judge_config({**MINI, "pad_token_id": 0, "auto_map": {"AutoConfig": "configuration_phi3.Phi3Config"}}).notes)
    assert "2,047 tokens" in notes
    assert "ignores the Python code" in notes
    assert "same token" not in notes


@pytest.mark.parametrize("kind", ["phi3small", "phi3_v", "phimoe", "phi4mm", "phi4_multimodal", "llama", "bert", "my-own", ""])
def test_other_families_are_refused_with_a_way_out(kind: str) -> None:
    model = judge_config({**MINI, "model_type": kind})
    assert not model.usable
    assert kind in model.reason
    assert model.reason.endswith(".")
    assert "Phi-3-mini" in model.how_to_fix


numbers = st.none() | st.booleans() | st.integers() | st.floats()
anything = (
    numbers | st.text(max_size=5) | st.lists(st.integers(), max_size=2)
    | st.dictionaries(st.sampled_from(["type", "rope_type", "short_factor"]), st.integers() | st.text(max_size=5))
)  # fmt: skip


@given(st.dictionaries(st.sampled_from([*MINI, "rope_scaling", "architectures", "tie_word_embeddings"]), anything))
def test_no_config_makes_it_raise(changes: dict[str, object]) -> None:
    model = judge_config({**MINI, **changes})
    assert model.usable or (model.reason and model.how_to_fix)


def test_chat_markers_follow_the_tokens_that_exist() -> None:
    phi3 = chat_markers(["<|endoftext|>", "<|assistant|>", "<|user|>", "<|end|>"])
    phi4 = chat_markers(["<|im_start|>", "<|im_sep|>", "<|im_end|>"])
    chatml = chat_markers(["<|im_start|>", "<|im_end|>"])
    assert [m and (m.answer_header, m.answer_end) for m in (phi3, phi4, chatml)] == [
        ("<|assistant|>", "<|end|>"), ("<|im_start|>assistant<|im_sep|>", "<|im_end|>"), ("<|im_start|>assistant\n", "<|im_end|>"),
    ]  # fmt: skip
    assert chat_markers(["<s>", "<|end|>"]) is None
    assert all(needed for needed, _ in CHAT_MARKERS)
