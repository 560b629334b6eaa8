"""A run folder that records no training: every command says so."""

import subprocess
import sys
from pathlib import Path

import pytest

from phitune_gui.core.names import RECIPE_FILE
from phitune_gui.store.recipes import save_recipe
from tests.helpers.factories import a_recipe


@pytest.mark.parametrize(("command", "code"), [("resume", 2), ("stop", 2), ("show", 0)])
def test_a_run_that_never_began_is_called_so(tmp_path: Path, command: str, code: int) -> None:
    save_recipe(a_recipe(), tmp_path / RECIPE_FILE)

    done = subprocess.run([sys.executable, "-m", "phitune_gui", command, str(tmp_path)], capture_output=True, text=True, check=False)

    assert done.returncode == code
    assert "has not begun: its folder records no training." in done.stderr
