"""The main job on real weights: the demo learns, is exported, verified, and answers; and the whole way on a tiny model."""

import json
import os
from pathlib import Path

import pytest

from tests.helpers.commands import phitune
from tests.helpers.tiny_phi3 import write_tiny_phi3


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_demo_tunes_exports_and_answers(tmp_path: Path) -> None:
    home = Path(os.environ.get("PHITUNE_STARTER_HOME", str(tmp_path / "home")))

    result = phitune("demo", "--quick", "--out", str(tmp_path / "out"), home=home)

    assert result["validation_loss_after"] <= 0.85 * result["validation_loss_before"]
    assert result["verified"]
    assert result["peak_memory_bytes"] < 4_000_000_000
    for name in ("loss.png", "report.json", "report.md"):
        assert (tmp_path / "out" / name).stat().st_size > 0
    tuned = [answers["tuned"] for answers in result["answers"]]
    assert sum(text.startswith("Ahoy") for text in tuned) >= 2
    assert not any(answers["base"].startswith("Ahoy") for answers in result["answers"])


@pytest.mark.engine
def test_the_whole_way_by_commands(tmp_path: Path) -> None:
    model = write_tiny_phi3(tmp_path / "tiny", max_position_embeddings=2048, original_max_position_embeddings=2048)
    data, recipe, home = tmp_path / "rows.jsonl", tmp_path / "r.phitune.yaml", tmp_path / "home"
    rows = [{"question": f"Captain, {number}?", "answer": "aye aye"} for number in range(40)]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    options = ["-o", "training.max_steps=12", "-o", "training.learning_rate=0.02", "-o", "technique.rank=4"]

    phitune("recipe", "new", "--model", str(model), "--data", str(data), "--out", str(recipe), *options, home=home)
    plan = phitune("plan", str(recipe), home=home)
    trained = phitune("train", str(recipe), "--runs", str(tmp_path / "runs"), home=home)
    run = trained["run"]
    exported = phitune("export", run, "--to", "onnx-cpu-fp32", home=home)
    verified = phitune("verify", exported["path"], home=home)
    adapter = phitune("verify", phitune("export", run, "--to", "adapter", home=home)["path"], home=home)
    answer = phitune("chat", exported["path"], "--prompt", "Captain, 3?", "--max-new-tokens", "20", home=home)

    assert plan["steps"] == trained["steps"] == 12
    assert trained["state"] == "finished"
    assert Path(run).parent == tmp_path / "runs"
    assert exported["verified"]
    assert verified["verified"]
    assert (adapter["target"], adapter["verified"], adapter["damaged"]) == ("adapter", None, [])
    assert answer["tokens"] >= 1
    assert [item["path"] for item in phitune("runs", home=home)["runs"]] == [run]
    reports = {export["target"]: export["report"] for export in phitune("show", run, home=home)["run"]["exports"]}
    assert reports["onnx-cpu-fp32"]["verified"]
    assert reports["adapter"] is None
