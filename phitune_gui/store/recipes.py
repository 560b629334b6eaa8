"""Recipes as YAML files that a person can read: every field with its comment, errors by file and line."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, ValidationError
from ruamel.yaml.comments import CommentedMap

from phitune_gui.catalog.techniques import TECHNIQUES, options_for, technique
from phitune_gui.catalog.techniques.option_errors import allowed_values
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.recipe import MAX_SOURCES, SCHEMA_VERSION, Recipe, with_value
from phitune_gui.core.value import Value
from phitune_gui.files.atomic import write_text
from phitune_gui.store.paths import expanded
from phitune_gui.store.yaml_files import dump_yaml, read_yaml

MAX_BYTES = 64_000
MAX_VALUES = 1_400
"""Names and values of a recipe; 200 sources are 1,000. No recipe then takes longer than 0.1 s to read."""
_ABOUT_ONE_VALUE = ("greater_than", "less_than", "int_", "float_", "bool_", "literal_error", "truth_value")
"""Kinds of pydantic's errors for which the field says all that it may be."""
_OPENING = "PhiTune recipe: what is tuned, from what, and how. Open it in the window or run: phitune train FILE"


def load_recipe(path: Path) -> Recipe:
    """The recipe at `path`, with relative paths resolved against its folder. Raises CannotStart with file, field and remedy."""
    document = read_yaml(path, "recipe", MAX_BYTES, MAX_VALUES)
    version = document.get("schema_version", SCHEMA_VERSION)
    if type(version) is not int or version != SCHEMA_VERSION:
        raise CannotStart(
            str(path), f"The recipe {path.name} has schema version {repr(version)[:40]}, which this PhiTune does not know.",
            "Update PhiTune." if type(version) is int and version > SCHEMA_VERSION else f"Write schema_version: {SCHEMA_VERSION}.",
        )  # fmt: skip
    try:
        recipe = Recipe.model_validate(document)
    except ValidationError as error:
        raise CannotStart(f"{path}: {first_field(error)}", sentence(error), "Mend this line of the recipe.") from error
    return with_absolute_paths(recipe, path.absolute().parent)


def save_recipe(recipe: Recipe, path: Path) -> None:
    """Write the recipe with its comments. Raises CannotStart when the place cannot be written."""
    try:
        write_text(path, recipe_to_yaml(recipe))
    except OSError as error:
        raise CannotStart(
            str(path), f"The recipe cannot be saved as {path}: {(error.strerror or 'the system refused').lower()}.",
            "Choose another place.",
        ) from error  # fmt: skip


def recipe_to_yaml(recipe: Recipe) -> str:
    """The recipe as commented YAML; technique options are written out in full, so that the file says everything.

    Raises CannotStart when it would be too long to be read again.
    """
    document = _commented(recipe)
    options = options_for(recipe.technique)
    technique = CommentedMap({"id": recipe.technique.id})
    for name, value in options.model_dump(mode="json").items():
        technique[name] = value
        _comment(technique, name, type(options))
    document["technique"] = technique
    document.yaml_set_start_comment(_OPENING)
    text = dump_yaml(document)
    if len(text.encode()) > MAX_BYTES or len(recipe.data.sources) > MAX_SOURCES:
        raise CannotStart(
            "data.sources", f"The recipe names too many files, or too long names: {MAX_SOURCES} files and {MAX_BYTES // 1000} kB fit.",
            "Put the rows into fewer files.",
        )  # fmt: skip
    return text


def foreign_options(recipe: Recipe, settings: list[str]) -> tuple[str, ...]:
    """Options of the recipe's technique that the one which the settings choose has not."""
    chosen = [value.strip() for name, _, value in (setting.partition("=") for setting in settings) if name.strip() == "technique.id"]
    known = next((offered.options.model_fields for offered in TECHNIQUES if chosen and offered.id == chosen[-1]), None)
    return () if known is None else tuple(name for name in recipe.technique.options if name not in known)


def with_options(recipe: Recipe, settings: list[str]) -> Recipe:
    """The recipe after `key=value` settings of the command line. Raises CannotStart naming the key.

    Of several for one field the last one counts. Where they choose another technique, options that it has not are left out of the
    recipe; a setting for one of these is still refused.
    """
    left = foreign_options(recipe, settings)
    if left:
        kept = {name: value for name, value in recipe.technique.model_dump().items() if name not in left}
        recipe = recipe.model_copy(update={"technique": type(recipe.technique).model_validate(kept)})
        settings = sorted(settings, key=lambda setting: setting.partition("=")[0].strip() != "technique.id")
    last: dict[str, str] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise CannotStart("-o", f"The option {setting!r} has no value.", "Write it as key=value, for example training.epochs=2.")
        last[name.strip()] = value.strip()
    for name, text in last.items():
        recipe = _with_text(recipe, name, text)
    return recipe


def _with_text(recipe: Recipe, name: str, text: str) -> Recipe:
    """`none` empties a field and `[a, b]` is a list; a field that takes neither takes them as words, as in launcher.offload=none."""
    parsed = _parsed(text)
    if not text and (name == "technique.id" or (name.startswith("data.sources.") and name.endswith(".path"))):
        raise CannotStart(name, f"The setting {name} is empty.", "Write a value after the equals sign, or leave the setting out.")
    try:
        return with_setting(recipe, name, parsed)
    except CannotStart:
        if parsed == text:
            raise
        if parsed is not None:
            with suppress(CannotStart):
                return with_setting(recipe, name, text)
            raise
    return with_setting(recipe, name, text)


def with_setting(recipe: Recipe, name: str, value: Any) -> Recipe:
    """`with_value` with failures as sentences. Raises CannotStart naming the field."""
    if name == "schema_version":
        raise CannotStart(name, "The schema version is no setting: it says how a recipe file is written.", "Leave schema_version out.")
    try:
        changed = with_value(recipe, name, value)
    except (KeyError, ValueError, IndexError, TypeError) as error:
        if name.startswith("data.sources") and not _is_about_value(error):
            next_one = f"data.sources.{len(recipe.data.sources)}.path"
            raise CannotStart(
                name, "Dataset files are set one by one.", f"Write -o {next_one}=FILE for one more, or --data FILE."
            ) from error
        if isinstance(error, ValidationError):
            raise CannotStart(name, sentence(error), "Choose a value within the limits.") from error
        raise CannotStart(name, f"A recipe has no setting named {name}.", _other_names(name, changed_from=recipe)) from error
    if name.startswith("technique."):
        options_for(changed.technique)
    return changed


def _is_about_value(error: Exception) -> bool:
    """Whether the field is right and only what it is set to is not."""
    return isinstance(error, ValidationError) and error.errors()[0]["type"] not in ("tuple_type", "model_type")


def first_field(error: ValidationError) -> str:
    """Dotted name of the first field that a validation error is about."""
    return ".".join(str(part) for part in error.errors()[0]["loc"])


def sentence(error: ValidationError) -> str:
    """The first finding of a validation error as one sentence; for a number or a choice with all that it may be."""
    first, name = error.errors()[0], first_field(error)
    *sections, field = name.split(".")
    owner = _section(sections)
    if owner is not None and field in owner.model_fields and first["type"].startswith(_ABOUT_ONE_VALUE):
        return f"The setting {name} is {str(first['input'])[:60] or 'empty'}, but it must be {allowed_values(owner, field)}."
    return f"The setting {name or 'as a whole'} is not valid: {first['msg'][0].lower()}{first['msg'][1:]}."


def _section(names: Sequence[str]) -> type[Value] | None:
    """The kind of the section of these names, one within the other; None where there is none."""
    kind: Any = Recipe
    for name in names:
        field = kind.model_fields.get(name)
        kind = field.annotation if field else None
        if not (isinstance(kind, type) and issubclass(kind, Value)):
            return None
    return cast("type[Value]", kind)


def _other_names(name: str, changed_from: Recipe) -> str:
    """The names that are most like a wrong one, and where all of them stand."""
    options = [f"technique.{option}" for option in technique(changed_from.technique.id).options.model_fields]
    known = [*_names(Recipe()), *options]
    section, _, last = name.rpartition(".")
    ends = {each: each.rpartition(".")[2] for each in known if not section or each.startswith(f"{section}.")}
    near = get_close_matches(name, known, n=3, cutoff=0.8) or [
        each for each, end in ends.items() if end in get_close_matches(last, ends.values(), n=3) or end.endswith(last)
    ]
    meant = f"Did you mean {' or '.join(near[:3])}? " if near else ""
    return f"{meant}A recipe that phitune recipe new writes holds every name with what it does."


def _names(value: BaseModel, before: str = "") -> Iterator[str]:
    for name in type(value).model_fields:
        inner = getattr(value, name)
        if isinstance(inner, BaseModel):
            yield from _names(inner, f"{before}{name}.")
        else:
            yield f"{before}{name}"


def _parsed(value: str) -> Any:
    """Numbers and lists arrive as text and pydantic reads them; only emptiness and lists need a word. `[::1]:29500` is no list."""
    if value.lower() in ("", "none", "null"):
        return None
    return [part.strip() for part in value.strip("[]").split(",")] if value.startswith("[") and value.endswith("]") else value


def with_absolute_paths(recipe: Recipe, folder: Path) -> Recipe:
    """The recipe with its relative paths resolved against `folder`. Raises CannotStart when one becomes too long."""

    def resolve(path: str) -> str:
        return str((folder / expanded(path)).absolute()) if path else path

    document = recipe.model_dump()
    document["model"]["path"] = resolve(recipe.model.path)
    for source in document["data"]["sources"]:
        source["path"] = resolve(source["path"])
    if recipe.data.validation.path:
        document["data"]["validation"]["path"] = resolve(recipe.data.validation.path)
    try:
        return Recipe.model_validate(document)
    except ValidationError as error:
        raise CannotStart(first_field(error), sentence(error), "Choose a shorter path.") from error


def _commented(value: BaseModel) -> CommentedMap:
    document = CommentedMap()
    for name in type(value).model_fields:
        content = getattr(value, name)
        if isinstance(content, BaseModel):
            document[name] = _commented(content)
        else:
            document[name] = value.model_dump(mode="json")[name]
            _comment(document, name, type(value))
    return document


def _comment(document: CommentedMap, name: str, owner: type[BaseModel]) -> None:
    description = owner.model_fields[name].description
    if description:
        document.yaml_add_eol_comment(description, name, column=40)
