"""Recipes on disk: round trips, comments, and a sentence with file and line for everything that is wrong."""

import os
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phitune_gui.core.problem import CannotStart
from phitune_gui.core.recipe import DataSection, DataSource, Recipe, TechniqueSection
from phitune_gui.planning.plan import make_plan
from phitune_gui.store.recipes import load_recipe, recipe_to_yaml, save_recipe, with_options, with_setting
from tests.helpers.factories import a_machine, a_model, a_recipe, a_report


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
        ("training: {epochs: 0}\n", "training.epochs", "a number above 0 and up to 100"),
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
        ("name: !!python/object/apply:os.system [touch /tmp/x]\n", ":1", "tags"),
        ("name: !!int ", ":1", "tags"),
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
        ("training.epochs=many", "training.epochs is many, but it must be a number"),
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
    sources = tuple(DataSource(path=f"/data/{number:0150}.jsonl", weight=0.1 + number / 7) for number in range(200))
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


@pytest.mark.parametrize("path", ["~nobody-at-all/x", "a" * 5000, "a\0", "\udcff", "a/" * 2047 + "b"])
@pytest.mark.parametrize("name", ["model.path", "data.sources.0.path", "data.validation.path"])
def test_a_path_that_cannot_be_is_refused(tmp_path: Path, name: str, path: str) -> None:
    def save_and_load() -> None:
        save_recipe(with_setting(a_recipe(), name, path), tmp_path / "r.phitune.yaml")
        load_recipe(tmp_path / "r.phitune.yaml")

    with pytest.raises(CannotStart, match="path"):
        save_and_load()


def test_a_recipe_of_any_signs_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("any") / "r.phitune.yaml"
    pieces = st.sampled_from((
        "name: ", "technique:", "\n", "  ", "- ", "? ", "[", "]", "{", "}", "<<: ", "!!binary ", "!!int ", "!!float ", "---\n", "|\n", '"',
        "'", "\\x", "2001-01-01", "2001-99-99", "0x", "1e5", ".inf", "1:30:00", "data: ", "sources: ", "path: ", "training: ", "rank: ",
        "1",
    ))  # fmt: skip

    @settings(max_examples=300, deadline=None, database=None)
    @given(st.lists(pieces | st.text(max_size=3), max_size=30).map("".join) | st.binary(max_size=60))
    def read(content: str | bytes) -> None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "replace"))
        with suppress(CannotStart):
            make_plan(load_recipe(path), a_model(), a_report(), a_machine())

    read()


def test_none_empties_a_field_and_is_a_word_where_a_field_cannot_be_empty() -> None:
    recipe = with_options(Recipe(), ["launcher.offload=cpu", "launcher.offload=none", "training.max_steps=5", "training.max_steps=none"])
    assert recipe.launcher.offload == "none"
    assert recipe.training.max_steps is None
    assert with_options(recipe, ["data.validation.path=none"]).data.validation.path is None


@pytest.mark.parametrize("place", ["[::1]:29500", "[fe80::1%eth0]:29500", "[::1]"])
def test_an_address_in_brackets_is_no_list(place: str) -> None:
    assert with_options(Recipe(), [f"launcher.rendezvous={place}"]).launcher.rendezvous == place


def test_an_empty_value_empties_a_text() -> None:
    there = with_options(Recipe(), ["launcher.rendezvous=127.0.0.1:29500"])
    assert with_options(there, ["launcher.rendezvous="]).launcher.rendezvous == ""


def test_of_several_settings_for_one_field_the_last_counts() -> None:
    technique = with_options(Recipe(), ["technique.id=ia3", "technique.id=dora", "technique.rank=4"]).technique
    assert (technique.id, technique.options["rank"]) == ("dora", "4")


@pytest.mark.parametrize("position", ["-1", "+0", "\uff10", "1_0"])
def test_a_position_is_a_plain_number(position: str) -> None:
    there = with_options(Recipe(), ["data.sources.0.path=a.jsonl"])
    with pytest.raises(CannotStart):
        with_options(there, [f"data.sources.{position}.path=b.jsonl"])


@pytest.mark.parametrize("name", ["technique.id", "data.sources.0.path"])
def test_a_setting_that_must_not_be_empty_says_so(name: str) -> None:
    with pytest.raises(CannotStart) as refused:
        with_options(a_recipe(), [f"{name}="])

    assert refused.value.problem.where == name
    assert refused.value.problem.what == f"The setting {name} is empty."
