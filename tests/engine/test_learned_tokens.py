"""Adapters that are learned tokens are not taken over, for the reason that is theirs."""

from pathlib import Path

import peft
import pytest
import torch

from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.problem import CannotStart
from phitune_gui.data.adapter_folder.reading import read_adapter
from phitune_gui.engine.model import load_base

pytestmark = pytest.mark.engine


@pytest.mark.parametrize("kind", [peft.PromptTuningConfig, peft.PrefixTuningConfig, peft.PromptEncoderConfig])
def test_learned_tokens_are_refused_by_their_own_reason(kind: type[peft.PeftConfig], model: BaseModel, tmp_path: Path) -> None:
    made = peft.get_peft_model(load_base(model, torch.float32), kind(num_virtual_tokens=4, task_type="CAUSAL_LM"))
    made.save_pretrained(str(tmp_path / "adapter"))
    with pytest.raises(CannotStart) as refusal:
        read_adapter(tmp_path / "adapter", model)
    assert "learned tokens before every conversation" in refusal.value.problem.what
