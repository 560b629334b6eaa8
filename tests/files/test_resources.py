"""The files that come with PhiTune are found in the repository, in a wheel and in a frozen app."""

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from phitune_gui.files import resources
from phitune_gui.files.resources import resource

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _forget_where_they_are() -> Iterator[None]:
    resources._root.cache_clear()
    yield
    resources._root.cache_clear()


def test_the_repository_keeps_them_beside_the_package() -> None:
    assert resource() == ROOT / "resources"
    assert any(resource().iterdir())


def test_a_frozen_app_keeps_them_in_its_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    icon = tmp_path / "resources" / "icons" / "app.svg"
    icon.parent.mkdir(parents=True)
    icon.write_text("<svg/>", encoding="utf-8")
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)

    assert resource("icons", "app.svg") == icon


def test_a_missing_file_is_named_in_a_sentence() -> None:
    with pytest.raises(FileNotFoundError, match=r"'help/no-such-page\.md' is missing under .*; install PhiTune again\."):
        resource("help", "no-such-page.md")


def test_a_missing_folder_is_named_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "__file__", str(tmp_path / "phitune_gui" / "files" / "resources.py"))

    with pytest.raises(FileNotFoundError, match=r"resources folder is neither at .* or .*; install PhiTune again\."):
        resource("icons")


@pytest.mark.slow
def test_a_wheel_carries_them_and_finds_them(tmp_path: Path) -> None:
    """Built and installed without dependencies, so it costs seconds and pulls no torch."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", tmp_path, ROOT], check=True)
    [wheel] = tmp_path.glob("phitune-*.whl")
    site = tmp_path / "site"
    subprocess.run([*pip, "install", "--no-deps", "--no-index", "--target", site, wheel], check=True)

    found = subprocess.run(
        [sys.executable, "-S", "-c", "from phitune_gui.files.resources import resource; print(resource())"],
        env={"PYTHONPATH": str(site)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert Path(found.stdout.strip()) == site / "phitune_gui" / "resources"
    in_the_wheel = {name.removeprefix("phitune_gui/") for name in zipfile.ZipFile(wheel).namelist()}
    assert set(_tracked_resources()) <= in_the_wheel
    assert not any(name.split("/")[0] in {"tests", "packaging", "resources"} for name in zipfile.ZipFile(wheel).namelist())


def _tracked_resources() -> list[str]:
    """What git would commit under resources/; a wheel leaves out what .gitignore names, too."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", "resources"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]
