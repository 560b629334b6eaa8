"""An adapter's config whose figures are out of their limits is refused for that, also where only some blocks have an adapter."""

from typing import Any

import pytest

from phitune_gui.catalog.techniques.recognise import recognised
from phitune_gui.catalog.techniques.target_modules import check_names
from phitune_gui.core.problem import CannotStart

CONFIG = {
    "peft_type": "LORA", "r": 8, "lora_alpha": 16, "lora_dropout": 0.0, "target_modules": ["qkv_proj"], "layers_to_transform": [1],
}  # fmt: skip


@pytest.mark.parametrize(("name", "value", "said"), [
    ("r", 0, "Rank (technique.rank) is 0"), ("r", 16.5, "Rank (technique.rank) is 16.5"),
    ("lora_dropout", 2, "Dropout (technique.dropout) is 2"), ("r", True, "Rank (technique.rank) is True"),
])  # fmt: skip
def test_what_is_out_of_its_limits_is_named(name: str, value: Any, said: str) -> None:
    with pytest.raises(CannotStart) as refusal:
        recognised({**CONFIG, name: value}, "adapter_config.json")
    assert said in refusal.value.problem.what


def test_blocks_are_taken_over() -> None:
    assert recognised(CONFIG, "adapter_config.json").options["model_blocks"] == [1]


def test_many_unknown_names_make_one_short_sentence() -> None:
    (problem,) = check_names(tuple(f"layer_{number}" for number in range(2000)))
    assert "layer_7 and 1,992 more" in problem.what
    assert len(problem.what) < 400
