"""A failure names what the person named, never a folder of the cache."""

from pathlib import Path

import pytest
from _pytest.capture import CaptureFixture

from phitune_gui.cli import main
from phitune_gui.core.names import EXPORT_MANIFEST

pytestmark = pytest.mark.engine


@pytest.mark.parametrize("arguments", [["chat", "--prompt", "Hello?"], ["verify"]])
def test_a_damaged_export_is_what_its_failure_is_about(arguments: list[str], tmp_path: Path, capsys: CaptureFixture[str]) -> None:
    export = tmp_path / "export"
    export.mkdir()
    (export / EXPORT_MANIFEST).write_text("{}", "utf-8")

    assert main([*arguments, str(export)]) == 1

    said = capsys.readouterr().err
    assert f"({export})" in said
    assert "jobs" not in said
