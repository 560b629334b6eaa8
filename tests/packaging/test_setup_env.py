"""Set-up says in sentences what went wrong, and does nothing when nothing changed."""

import argparse
import importlib.util
import json
import types
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "packaging" / "setup_env.py"


@pytest.fixture(scope="module")
def setup_env() -> types.ModuleType:
    spec = importlib.util.spec_from_file_location("setup_env", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("words_of_pip", "sentence"),
    [
        ("NewConnectionError: [Errno 111] Connection refused\nERROR: No matching distribution found for torch", "No package index"),
        ("ERROR: No matching distribution found for onnxruntime>=1.29", "has no build for this Python"),
        ("OSError: [Errno 28] No space left on device", "The disk is full"),
        ("ERROR: something new", "its last words are above"),
    ],
)
def test_a_failure_of_pip_becomes_a_sentence(setup_env: types.ModuleType, words_of_pip: str, sentence: str) -> None:
    assert sentence in setup_env.explain(words_of_pip).splitlines()[-1]


def wanted(test: bool) -> argparse.Namespace:
    return argparse.Namespace(test=test, deepspeed=False)


def test_an_environment_made_from_the_same_files_is_kept(setup_env: types.ModuleType, tmp_path: Path) -> None:
    setup_env.mark(tmp_path).write_text(json.dumps({"made_from": setup_env.made_from(), "extras": ["test"]}))

    assert setup_env.is_in_place(tmp_path, wanted(test=True))
    assert setup_env.is_in_place(tmp_path, wanted(test=False))


@pytest.mark.parametrize("found", ["", "{}", '{"made_from": "something older", "extras": ["test"]}'])
def test_any_other_environment_is_made_again(setup_env: types.ModuleType, tmp_path: Path, found: str) -> None:
    setup_env.mark(tmp_path).write_text(found)

    assert not setup_env.is_in_place(tmp_path, wanted(test=False))


def test_an_environment_without_the_tools_of_the_checks_gets_them(setup_env: types.ModuleType, tmp_path: Path) -> None:
    setup_env.mark(tmp_path).write_text(json.dumps({"made_from": setup_env.made_from(), "extras": []}))

    assert not setup_env.is_in_place(tmp_path, wanted(test=True))
