"""The starter model is taken as it is only when its list of files says that it is whole; otherwise it is made again."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from phitune_gui.files.manifest import write_manifest
from phitune_gui.jobs import supervisor
from phitune_gui.store.paths import starter_folder
from phitune_gui.ui.main_window import MainWindow
from tests.ui.conftest import until

Live = Callable[..., Any]
WORKER = Path(__file__).parents[1] / "helpers" / "fake_worker.py"


@pytest.fixture(autouse=True)
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The folders of all jobs that were started; each is a real process that finishes at once."""
    folders: list[str] = []

    def command(folder: str) -> list[str]:
        folders.append(folder)
        (Path(folder) / "script.json").write_text(json.dumps([]), "utf-8")
        return [sys.executable, str(WORKER), folder]

    monkeypatch.setattr(supervisor, "worker_command", command)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    return folders


@pytest.mark.parametrize("is_whole", [True, False])
def test_a_starter_is_made_again_unless_it_is_whole(live: Live, started: list[str], is_whole: bool) -> None:
    folder = starter_folder()
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}", "utf-8")
    (folder / "model.safetensors").write_bytes(bytes(100))
    write_manifest(folder)
    if not is_whole:
        (folder / "model.safetensors").write_bytes(bytes(50))

    async def story(window: MainWindow) -> None:
        window.session.make_starter()
        await until(lambda: window.session.recipe.model.path == str(folder))

    live(story)

    assert [Path(job).name.partition("-")[0] for job in started] == ([] if is_whole else ["starter"])
