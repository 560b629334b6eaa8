"""How fast a dataset becomes tokens, how fast it does so again, and how much memory that takes, beside `datasets.map` on the same cores.

PHITUNE_BENCHMARK_ROWS says how many rows, 50,000 unless given. The peer runs before and after and its better time counts.
`datasets` is an extra that no set-up installs: pip install "phitune[benchmark]".
"""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.data_speed import write_conversations
from tests.helpers.commands import ROOT

ROWS = int(os.environ.get("PHITUNE_BENCHMARK_ROWS", "50000"))
LEAST_RATIO, LEAST_RATIO_AGAIN = 3.0, 100.0
MOST_BYTES, SETTLING_BYTES, MOST_BYTES_A_ROW = 600_000_000, 64_000_000, 100
"""The allocator's share settles within some tens of thousands of rows."""
MOST_SECONDS_AGAIN, MOST_SECONDS_FIRST_LOOK = 1.0, 0.5
pytestmark = [pytest.mark.benchmark, pytest.mark.slow, pytest.mark.timeout(3600)]


def measured(who: str, file: Path, model: Path, folder: Path) -> dict[str, Any]:
    """What `data_speed` says of one file, with a home and a cache of its own."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    own = {"PHITUNE_HOME": str(folder / who), "HF_DATASETS_CACHE": str(folder / "hf"), "HF_HUB_OFFLINE": "1", "PYTHONPATH": path}
    command = [sys.executable, "-P", "-m", "tests.benchmarks.data_speed", who, str(file), str(model)]
    done = subprocess.run(command, env={**os.environ, **own}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_conversations(tmp_path_factory.mktemp("rows") / "rows.jsonl", ROWS)


@pytest.fixture
def model(test_data: Path) -> Path:
    return test_data / "tokenizers" / "phi-3-mini-4k-apr2024"


@pytest.mark.skipif(find_spec("datasets") is None, reason="datasets is an extra that is not installed")
def test_rows_become_tokens_three_times_as_fast_as_one_by_one(file: Path, model: Path, tmp_path: Path) -> None:
    before = measured("peer", file, model, tmp_path)
    ours = measured("ours", file, model, tmp_path)
    after = measured("peer", file, model, tmp_path)
    peer = max(each["rows"] / each["seconds"] for each in (before, after))
    own = ours["rows"] / ours["seconds"]
    print(f"{ours['rows']:,} rows: {own:,.0f} rows/s, datasets.map {peer:,.0f} rows/s ({own / peer:.2f} times)")
    assert own / peer >= LEAST_RATIO


def test_memory_is_flat_and_a_second_time_takes_no_time(file: Path, model: Path, tmp_path: Path) -> None:
    few = measured("ours", write_conversations(tmp_path / "few.jsonl", ROWS // 10), model, tmp_path)
    all_of_it = measured("ours", file, model, tmp_path)
    again, grown = all_of_it["again"], all_of_it["peak_bytes"] - few["peak_bytes"]
    peaks = " and ".join(f"{each['peak_bytes'] / 1e6:.0f} MB for {each['rows']:,}" for each in (few, all_of_it))
    print(f"{ROWS:,} rows: {all_of_it['seconds']:.1f} s, again {again:.3f} s ({all_of_it['seconds'] / again:.0f} times as fast)")
    print(f"first look {all_of_it['first_look']:.3f} s, peak memory {peaks}")
    assert all_of_it["counted"] == all_of_it["rows"] == ROWS
    assert all_of_it["first_look"] <= MOST_SECONDS_FIRST_LOOK
    assert again <= MOST_SECONDS_AGAIN
    assert all_of_it["seconds"] / again >= LEAST_RATIO_AGAIN
    assert all_of_it["peak_bytes"] <= MOST_BYTES
    assert grown <= SETTLING_BYTES + MOST_BYTES_A_ROW * ROWS
