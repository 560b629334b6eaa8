"""An adapter that was made elsewhere is trained on by two commands, with data that only the second one names."""

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from phitune_gui.store.models import read_model
from tests.helpers.commands import phitune
from tests.helpers.peft_adapter import peft_adapter
from tests.helpers.tiny_phi3 import write_tiny_phi3

pytestmark = pytest.mark.engine


def test_two_commands_import_an_adapter_and_train_it_on(tmp_path: Path) -> None:
    folder = write_tiny_phi3(tmp_path / "tiny", max_position_embeddings=2048, original_max_position_embeddings=2048)
    source = peft_adapter(read_model(folder), tmp_path / "from-elsewhere", r=4)
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(json.dumps({"question": f"Captain, {each}?", "answer": "aye"}) + "\n" for each in range(20)), "utf-8")
    home = tmp_path / "home"

    run = phitune("adapter", "import", str(source), "--model", str(folder), home=home)["run"]
    recipe = str(Path(run) / "recipe.yaml")
    refused = phitune("train", recipe, home=home, code=2)["error"]
    resumed = phitune("resume", run, home=home, code=2)["error"]
    every_block = ("-o", "technique.model_blocks=[0, 1]", "-o", "training.max_steps=1")
    trained = phitune("train", recipe, "--data", str(rows), *every_block, home=home)

    assert f"phitune train {recipe} --data FILE" in resumed["how_to_fix"]
    assert refused["how_to_fix"] == f"Name it: phitune train {recipe} --data FILE"
    assert (trained["state"], trained["steps"]) == ("finished", 1)


@pytest.mark.parametrize("words", [["pt"], {"format": [["pt"]]}])
def test_weights_with_impossible_words_are_refused_and_nothing_is_made(words: Any, tmp_path: Path) -> None:
    folder = write_tiny_phi3(tmp_path / "tiny")
    source = peft_adapter(read_model(folder), tmp_path / "from-elsewhere", r=4)
    weights = source / "adapter_model.safetensors"
    whole = weights.read_bytes()
    (length,) = struct.unpack("<Q", whole[:8])
    header = json.dumps({**json.loads(whole[8 : 8 + length]), "__metadata__": words}).encode()
    weights.write_bytes(struct.pack("<Q", len(header)) + header + whole[8 + length :])

    verdict = phitune("adapter", "import", str(source), "--model", str(folder), home=tmp_path / "home", code=2)

    assert (verdict["verdict"], "__metadata__" in verdict["reason"]) == ("refused", True)
    assert not list((tmp_path / "home").glob("runs/*"))
