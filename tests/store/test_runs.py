"""Run folders: made whole, listed wherever they lie, read back as they were."""

import errno
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from phitune_gui.core import events as e
from phitune_gui.core.names import EVENTS_FILE
from phitune_gui.core.problem import CannotStart
from phitune_gui.store import run_index, runs
from phitune_gui.store.paths import index_file
from phitune_gui.store.runs import create_run_folder, find_run, list_runs, open_run
from phitune_gui.store.settings import Settings, load_settings, save_settings, settings_file
from tests.helpers.factories import a_plan, a_recipe, a_training


def test_a_new_run_folder_holds_what_the_contract_names(tmp_path: Path) -> None:
    folder = create_run_folder(a_recipe(), a_plan(), "Phi-3-mini-4k", tmp_path)

    names = {"recipe.yaml", "plan.json", "events.jsonl", "control.jsonl", "log.txt", "checkpoints", "exports"}
    assert names <= {path.name for path in folder.iterdir()}
    assert folder.parent == tmp_path
    assert oct(folder.stat().st_mode)[-3:] == "700"


def test_runs_elsewhere_are_listed_until_their_folder_is_gone(tmp_path: Path) -> None:
    here = create_run_folder(a_recipe(), a_plan(), "a")
    there = create_run_folder(a_recipe(), a_plan(), "b", tmp_path / "elsewhere")
    assert [record.path for record in list_runs()] == [there, here]

    shutil.rmtree(there)

    assert [record.path for record in list_runs()] == [here]


def test_a_damaged_index_loses_no_run_of_the_runs_folder() -> None:
    folder = create_run_folder(a_recipe(), a_plan(), "a")
    index_file().write_bytes(b"not a database, and long enough to look like one" * 100)

    assert [record.path for record in list_runs()] == [folder]
    assert run_index.known_folders() == [folder]


def test_a_run_is_found_by_name_and_by_path(tmp_path: Path) -> None:
    folder = create_run_folder(a_recipe(), a_plan(), "a", tmp_path)

    assert find_run(folder.name) == folder
    assert find_run(str(folder)) == folder
    with pytest.raises(CannotStart, match="no run named"):
        find_run("nothing")


def test_lines_that_are_no_events_do_not_hide_the_run(tmp_path: Path) -> None:
    folder = create_run_folder(a_recipe(), a_plan(), "a", tmp_path)
    lines = [e.event_to_line(event) for event in a_training(3)]
    (folder / EVENTS_FILE).write_bytes(lines[0] + b'{"event":"OfTheFuture"}\n\xff\xfe\n' + b"".join(lines[1:]) + b'{"event":"Step')

    assert open_run(folder).run.step == 3


def test_a_hostile_name_never_leaves_the_runs_folder(tmp_path: Path) -> None:
    for name in ("; touch X", "../../up", "a/b", "..\\up", "$(id)", "new\nline", "ä தமிழ்", "."):
        recipe = a_recipe().model_copy(update={"name": name})
        folder = create_run_folder(recipe, a_plan(), "a", tmp_path)
        assert folder.parent == tmp_path
        assert open_run(folder).recipe.name == name


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(CannotStart, match="cannot write"):
        create_run_folder(a_recipe(), a_plan(), "a", tmp_path / "file" / "runs")


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), ValueError("no YAML")])
def test_a_run_folder_that_cannot_be_filled_is_not_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def refuse(*_arguments: object) -> None:
        raise error

    monkeypatch.setattr(runs, "write_text", refuse)
    with pytest.raises(CannotStart if isinstance(error, OSError) else ValueError):
        create_run_folder(a_recipe(), a_plan(), "a", tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_a_busy_index_refuses_a_run_and_does_not_hide_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = create_run_folder(a_recipe(), a_plan(), "a")
    connect = sqlite3.connect
    monkeypatch.setattr(run_index.sqlite3, "connect", lambda path, **options: connect(path, **{**options, "timeout": 0.1}))
    with closing(connect(index_file())) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(CannotStart, match="database is locked"):
            create_run_folder(a_recipe(), a_plan(), "b", tmp_path)
        assert [record.path for record in list_runs()] == [here]
        other.rollback()

    assert list(tmp_path.iterdir()) == []
    assert not index_file().with_suffix(".damaged").exists()


def test_a_home_that_nobody_may_write_to_still_lists_its_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = create_run_folder(a_recipe(), a_plan(), "a")
    there = create_run_folder(a_recipe(), a_plan(), "b", tmp_path)
    connect = sqlite3.connect

    def read_only(path: str, **options: Any) -> sqlite3.Connection:
        if options.get("uri"):
            return connect(path, **options)
        raise sqlite3.OperationalError("attempt to write a readonly database")

    monkeypatch.setattr(run_index.sqlite3, "connect", read_only)

    assert [record.path for record in list_runs()] == [there, here]


def test_two_runs_of_one_second_get_folders_of_their_own(tmp_path: Path) -> None:
    folders = {create_run_folder(a_recipe(), a_plan(), "a", tmp_path) for _ in range(3)}
    assert len(folders) == 3


def test_settings_come_back_and_only_differences_are_written() -> None:
    save_settings(Settings(theme="dark"))

    assert load_settings().theme == "dark"
    assert settings_file().read_text("utf-8") == "schema_version: 1\ntheme: dark\n"


def test_unreadable_settings_are_set_aside() -> None:
    settings_file().write_text("theme: [", "utf-8")

    assert load_settings() == Settings()
    assert settings_file().with_name("settings.yaml.bak").exists()


def test_a_run_is_found_by_its_own_name_when_no_other_has_it(tmp_path: Path) -> None:
    named = a_recipe().model_copy(update={"name": "Library"})
    first = create_run_folder(named, a_plan(), "a", tmp_path)
    create_run_folder(a_recipe(), a_plan(), "b", tmp_path)
    assert find_run("Library") == first

    second = create_run_folder(named, a_plan(), "a", tmp_path)

    with pytest.raises(CannotStart, match=f"2 runs are named Library, newest first: {second.name}, {first.name}"):
        find_run("Library")
    assert find_run(first.name) == first


def test_a_run_is_found_by_a_beginning_that_no_other_has_and_as_the_last(tmp_path: Path) -> None:
    first = create_run_folder(a_recipe().model_copy(update={"name": "Library"}), a_plan(), "a", tmp_path)
    second = create_run_folder(a_recipe().model_copy(update={"name": "Lighthouse"}), a_plan(), "b", tmp_path)

    assert (find_run("Libr"), find_run("Ligh"), find_run("last")) == (first, second, second)
    with pytest.raises(CannotStart, match=f"2 runs' names begin with Li, newest first: {second.name}, {first.name}"):
        find_run("Li")
    with pytest.raises(CannotStart, match="no run named"):
        find_run("")
    assert find_run("Library", exactly=True) == first
    with pytest.raises(CannotStart, match="wants the whole name"):
        find_run("Libr", exactly=True)
