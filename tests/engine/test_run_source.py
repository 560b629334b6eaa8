"""What a finished run hands on: weights known by all of their files, loaded from where they lie."""

from pathlib import Path

import pytest

from phitune_gui.core.base_model import BaseModel
from phitune_gui.engine.run_source import RunSource
from tests.engine.conftest import a_job

pytestmark = pytest.mark.engine


def test_the_hash_of_the_weights_is_over_all_of_their_files(model: BaseModel, data: Path, tmp_path: Path) -> None:
    source = RunSource(tmp_path, a_job(model, data), tmp_path)
    (tmp_path / "model-1.safetensors").write_bytes(b"first")
    (tmp_path / "model-2.safetensors").write_bytes(b"second")
    before = source.adapter_hash

    (tmp_path / "model-2.safetensors").write_bytes(b"another")

    assert len(before) == 64
    assert source.adapter_hash != before
