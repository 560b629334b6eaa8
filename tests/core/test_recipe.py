"""Recipes: editing by dotted name, limits, what scripts rely on."""

import pytest
from pydantic import BaseModel, ValidationError

from phitune_gui.core.recipe import Recipe, with_value
from tests.helpers.factories import a_recipe


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model.path", "/m"), ("data.format", "alpaca"), ("data.max_length", 512), ("data.validation.path", "/v"),
        ("data.validation.percent", 20.0), ("technique.id", "lora"), ("technique.rank", 8), ("training.epochs", 2.0),
        ("training.max_steps", 5), ("training.save_steps", 5), ("training.eval_steps", 5), ("training.learning_rate", 1e-3),
        ("training.micro_batch_size", 2), ("training.accumulation", 2), ("training.dtype", "float32"), ("training.seed", 1),
        ("launcher.id", "single"), ("launcher.processes", 2), ("launcher.zero_stage", 3), ("launcher.offload", "cpu"),
        ("export.dtype", "float32"), ("data.sources.0.path", "/d"), ("data.columns.question", "Frage"),
    ],
)  # fmt: skip
def test_every_name_of_the_contract_can_be_set(name: str, value: object) -> None:
    recipe = with_value(a_recipe(), name, value)

    place: object = recipe.model_dump()
    for part in name.split("."):
        place = place[int(part)] if isinstance(place, list | tuple) else place[part]  # type: ignore[index]
    assert place == value


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(KeyError):
        with_value(Recipe(), "training.epoch", 3)


def test_a_value_outside_its_limits_is_refused() -> None:
    with pytest.raises(ValidationError):
        with_value(Recipe(), "training.epochs", 0)


@pytest.mark.parametrize("name", ["training.epochs", "training.micro_batch_size", "training.max_steps", "data.validation.percent"])
def test_true_is_no_one(name: str) -> None:
    with pytest.raises(ValidationError, match="True and false"):
        with_value(Recipe(), name, True)


def _sections(model: type[BaseModel]) -> list[type[BaseModel]]:
    inner = [field.annotation for field in model.model_fields.values()]
    sections = [kind for kind in inner if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return [model, *(deeper for section in sections for deeper in _sections(section))]


@pytest.mark.parametrize("section", _sections(Recipe))
def test_every_field_says_what_it_is(section: type[BaseModel]) -> None:
    for name, field in section.model_fields.items():
        is_section = isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
        if name == "schema_version" or is_section:
            continue
        assert field.title, name
        assert field.description, name
        assert field.description.endswith("."), name
