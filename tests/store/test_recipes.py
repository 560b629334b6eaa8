"""Recipes on disk: round trips, comments, and a sentence with file and line for everything that is wrong."""

import os
import time
from pathlib import Path

import pytest

from phitune_gui.core.problem import CannotStart
from phitune_gui.core.recipe import DataSection, DataSource, Recipe, TechniqueSection
from phitune_gui.store.recipes import load_recipe, recipe_to_yaml, save_recipe, with_options
from tests.helpers.factories import a_recipe


def test_a_recipe_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    recipe = with_options(a_recipe(epochs=2.5, max_steps=7), ["technique.rank=8", "data.columns.question=Frage"])
    save_recipe(recipe, tmp_path / "r.phitune.yaml")

    again = load_recipe(tmp_path / "r.phitune.yaml")

    assert again.model_copy(update={"technique": recipe.technique}) == recipe
    assert again.technique.options["rank"] == 8


def test_every_setting_is_written_with_its_explanation() -> None:
    text = recipe_to_yaml(a_recipe())

    assert "learning_rate: 0.0002" in text
    assert "# How far each step moves the weights." in text
    assert "rank: 16" in text


def test_paths_are_relative_to_the_recipe(tmp_path: Path) -> None:
    path = tmp_path / "r.phitune.yaml"
    path.write_text("schema_version: 1\nmodel: {path: phi}\ndata: {sources: [{path: rows.csv}]}\n", "utf-8")

    recipe = load_recipe(path)

    assert recipe.model.path == str(tmp_path / "phi")
    assert recipe.data.sources[0].path == str(tmp_path / "rows.csv")


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("model: {path: [}\n", ":1", "Line 1"),
        ("name: a\nname: b\n", ":2", "Line 2"),
        ("just words", "", "holds no settings"),
        ("", "", "holds no settings"),
        ("training: {epochs: 0}\n", "training.epochs", "greater than 0"),
        ("training: {epoch: 3}\n", "training.epoch", "not permitted"),
        ("schema_version: 99\n", "", "schema version 99"),
        ("schema_version: true\n", "", "schema version True"),
        ("schema_version: -5\n", "", "schema version -5"),
        ("technique: {a: &a [1], b: *a}\n", ":1", "anchors and aliases"),
        ("name: x\ntechnique:\n  b: *a\n", ":3", "anchors and aliases"),
        ("technique: {a: [[1]]}\n", "technique.a", "short list"),
        ("technique: {rank: 0x" + "f" * 40 + "}\n", "technique.rank", "a number"),
        ("technique: {a: {b: 1}}\n", "technique.a", "short list"),
        ("# " + "x" * 64_000 + "\n", "", "64 kB"),
        ("data: {sources: [" + "{path: a}, " * 201 + "]}\n", "data.sources", "at most 200"),
        ("name: !!python/object/apply:os.system [touch /tmp/x]\n", "", "not valid YAML"),
    ],
)  # fmt: skip
def test_a_wrong_recipe_is_refused_with_its_place(tmp_path: Path, text: str, where: str, words: str) -> None:
    path = tmp_path / "r.phitune.yaml"
    path.write_text(text, "utf-8")

    with pytest.raises(CannotStart) as refusal:
        load_recipe(path)

    assert where in refusal.value.problem.where
    assert words in refusal.value.problem.what


def test_a_missing_recipe_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="there is no such file"):
        load_recipe(tmp_path / "none.phitune.yaml")


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("training.epochs", "has no value"),
        ("training.epoch=3", "no setting named training.epoch"),
        ("training.epochs=many", "training.epochs is not valid"),
        ("technique.rank=0", "rank"),
        ("technique.rnak=8", "rnak"),
        ("schema_version=99", "no setting"),
        ("schema_version=1", "no setting"),
    ],
)  # fmt: skip
def test_a_wrong_option_names_itself(setting: str, words: str) -> None:
    with pytest.raises(CannotStart) as refusal:
        with_options(Recipe(), [setting])

    assert words in refusal.value.problem.what + refusal.value.problem.where


def test_an_unknown_technique_is_a_sentence() -> None:
    with pytest.raises(CannotStart, match="nonsense"):
        recipe_to_yaml(Recipe(technique=TechniqueSection(id="nonsense")))


ALIASES = "technique:\n  a0: &a0 [x]\n" + "".join(f"  a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 11))
LONG = [
    ALIASES,
    "technique:\n" + "".join(f"  k{n}: [{'1,' * 20}]\n" for n in range(1200)),
    "name: " + "a b " * 15_000,
    "name: >\n" + " a\n" * 20_000,
    "#\n" * 30_000,
    "data: {columns: {" + "".join(f"k{n}: v, " for n in range(5000)) + "}}",
    "name: " + "[" * 60_000,
    "name: " + "{a: " * 15_000,
    "- " * 30_000,
    'name: "' + "\\x41" * 15_000 + '"',
    "? " * 30_000,
    "name: " + "!" * 60_000,
]


@pytest.mark.parametrize("text", LONG, ids=range(len(LONG)))
def test_no_recipe_takes_long(tmp_path: Path, text: str) -> None:
    path = tmp_path / "r.phitune.yaml"
    path.write_text(text, "utf-8")
    began = time.thread_time()

    with pytest.raises(CannotStart):
        load_recipe(path)

    assert time.thread_time() - began < 0.25  # at most 0.07 where nothing else runs


def test_the_largest_recipe_that_is_written_can_be_read(tmp_path: Path) -> None:
    sources = tuple(DataSource(path=f"/data/{number:0150}.jsonl") for number in range(200))
    recipe = Recipe(data=DataSection(sources=sources))
    save_recipe(recipe, tmp_path / "r.phitune.yaml")

    assert load_recipe(tmp_path / "r.phitune.yaml").data.sources == sources
    with pytest.raises(CannotStart, match="too many files"):
        recipe_to_yaml(recipe.model_copy(update={"data": DataSection.model_construct(sources=sources * 2)}))


def test_a_pipe_is_no_recipe(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    os.mkfifo(tmp_path / "r.phitune.yaml")

    with pytest.raises(CannotStart, match="no file"):
        load_recipe(tmp_path / "r.phitune.yaml")
