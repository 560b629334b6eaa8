"""A model as large as Phi-3-mini trains on a usual machine within the memory that was planned for it."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.helpers.commands import phitune
from tests.helpers.whole_mini import write_whole_mini

FREE_BYTES = 12_000_000_000
MOST_BYTES = 20_000_000_000
TOKENS = 128


@pytest.fixture(scope="module")
def whole_mini(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The model folder, removed afterwards."""
    folder = tmp_path_factory.mktemp("mini")
    if psutil.virtual_memory().available < FREE_BYTES or shutil.disk_usage(folder).free < FREE_BYTES:
        pytest.skip("needs 12 GB of free memory and 12 GB of disk")
    yield write_whole_mini(folder / "model")
    shutil.rmtree(folder)


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("technique", ["qlora", "lora"])
def test_a_whole_mini_trains_within_its_plan(technique: str, whole_mini: Path, tmp_path: Path) -> None:
    data, recipe, home = tmp_path / "rows.jsonl", tmp_path / "r.phitune.yaml", tmp_path / "home"
    rows = [{"question": f"{number}?", "answer": "a" * TOKENS * 8} for number in range(8)]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    edits = {
        "training.max_steps": 3, "training.micro_batch_size": 1, "training.accumulation": 1, "training.dtype": "bfloat16",
        "training.gradient_checkpointing": "true", "data.max_length": TOKENS, "data.validation.percent": 0,
    }  # fmt: skip
    options = [part for name, value in edits.items() for part in ("-o", f"{name}={value}")]
    new = ("recipe", "new", "--model", str(whole_mini), "--data", str(data), "--technique", technique, "--out", str(recipe))
    phitune(*new, *options, home=home)
    plan = phitune("plan", str(recipe), home=home)
    run = phitune("show", phitune("train", str(recipe), home=home)["run"], home=home)["run"]

    planned, peak = plan["memory"]["total_bytes"], run["peak_bytes"]
    seconds = [round(step["seconds"], 1) if isinstance(step, dict) else round(step[-1], 1) for step in run["steps"]]
    print(f"{technique}: {planned / 1e9:.2f} GB planned, {peak / 1e9:.2f} seen, steps of {seconds} s")
    assert run["step"] == 3
    assert 0.5 * planned <= peak <= min(1.15 * planned, MOST_BYTES)
