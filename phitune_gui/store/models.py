"""Reads local model folders and judges each with one clear reason: JSON files and safetensors headers only, nothing is written."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from phitune_gui.catalog.base_models import chat_markers, judge_config
from phitune_gui.core.base_model import BaseModel, in_text, refused_folder
from phitune_gui.core.problem import CannotStart, Problem
from phitune_gui.core.value import Value
from phitune_gui.data.desk import Operation
from phitune_gui.data.json_file import read_json_object
from phitune_gui.store.model_folder.licence import NOT_STATED, read_licence
from phitune_gui.store.model_folder.other_contents import CONFIG, refuse_non_folder, refuse_without_config
from phitune_gui.store.model_folder.search import find_model_folders, huggingface_cache, snapshot_of
from phitune_gui.store.model_folder.tokenizer_facts import TokenizerFacts, read_tokenizer
from phitune_gui.store.model_folder.weights import read_weights, shape_problems
from phitune_gui.store.paths import expanded

__all__ = ["MODEL_OPERATIONS", "check_weights", "huggingface_cache", "read_model"]

_CONFIG_LIMIT = 10_000_000


def read_model(path: Path) -> BaseModel:
    """The model in this folder and its verdict; a folder that is none gets a verdict too. Never raises for bad folders."""
    try:
        folder = snapshot_of(expanded(path).absolute())
        config = _read_config(folder)
    except CannotStart as refusal:
        return refused_folder(str(path), refusal.problem.what, refusal.problem.how_to_fix)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        why = ((error.strerror if isinstance(error, OSError) else "") or "this is not the name of a folder").lower()
        return refused_folder(str(path), f"The folder cannot be opened: {why}.", "Check the path.")
    model = judge_config(config).model_copy(update={"path": str(folder)})
    if model.licence == NOT_STATED:
        model = model.model_copy(update={"licence": read_licence(folder)})
    return _with_tokenizer(_with_weights(model))


def check_weights(path: Path) -> list[Problem]:
    """Everything wrong with the weight files of a folder: missing, truncated, damaged, or pickles only."""
    return list(read_weights(snapshot_of(expanded(path).absolute())).problems)


def _read_config(folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        raise refuse_non_folder(folder)
    if not (folder / CONFIG).exists():
        raise refuse_without_config(folder)
    return read_json_object(folder / CONFIG, _CONFIG_LIMIT)


def _with_weights(model: BaseModel) -> BaseModel:
    """Sizes as the headers say; without complete weights the sizes that config.json implies stay."""
    weights = read_weights(Path(model.path))
    model = model.model_copy(update={"weight_bytes": weights.bytes})
    problem = next(iter(weights.problems), None) or (next(shape_problems(model, weights), None) if model.usable else None)
    if problem is not None:
        return _refused(model, problem)
    return model.model_copy(update={"has_weights": True, "parameters": weights.parameters, "dtype": weights.dtype})


def _with_tokenizer(model: BaseModel) -> BaseModel:
    """Control tokens, chat markers and what the chat template does with system messages."""
    try:
        facts = read_tokenizer(Path(model.path))
        folds = facts.template is not None and not facts.template.shows("system")
        model = model.model_copy(update={"has_tokenizer": True, "chat": chat_markers(facts.added_tokens), "folds_system": folds})
        problem = _tokenizer_problem(model, facts)
    except CannotStart as refusal:
        return _refused(model.model_copy(update={"has_tokenizer": False}), refusal.problem)
    return _refused(model, problem) if problem else model.model_copy(update={"notes": (*model.notes, *_chat_notes(model))})


def _tokenizer_problem(model: BaseModel, facts: TokenizerFacts) -> Problem | None:
    highest = max(facts.added_tokens.values(), default=0)
    where = model.path
    if model.vocabulary and highest >= model.vocabulary:
        what = f"The tokenizer does not belong to this model: it has a token {highest}, and the model knows {model.vocabulary}."
        return Problem(where=where, what=what, how_to_fix="Fetch tokenizer.json from where the model came from.")
    if facts.template is None:
        what = "The tokenizer has no chat template, so PhiTune does not know how conversations are written for this model."
        return Problem(where=where, what=what, how_to_fix="Fetch tokenizer_config.json or chat_template.jinja of this model.")
    if not facts.template.shows("user"):
        what = "The chat template does not write what the user says, so it cannot be used for conversations."
        return Problem(where=where, what=what, how_to_fix="Fetch tokenizer_config.json from where the model came from.")
    if model.chat is None:
        what = "PhiTune does not recognise how this tokenizer marks answers: it has neither <|assistant|> nor <|im_start|>."
        return Problem(where=where, what=what, how_to_fix="Fetch tokenizer.json from where the model came from.")
    return None


def _chat_notes(model: BaseModel) -> Iterator[str]:
    if model.chat and model.layers:
        yield f"PhiTune lets the model learn {model.chat.answer_end} because a model that never learns it never stops answering."
    if model.folds_system and model.layers:
        yield "PhiTune puts system messages into the first question because this model's chat template does not show them."


def _refused(model: BaseModel, problem: Problem) -> BaseModel:
    """The model with this reason, unless an earlier one was found already."""
    if not model.usable:
        return model
    return model.model_copy(update={"usable": False, "reason": problem.what, "how_to_fix": problem.how_to_fix})


class ModelRequest(Value):
    """Which folder to judge."""

    path: str


class ModelFoldersRequest(Value):
    """Which folders to search; the Hugging Face cache is searched only when it is named."""

    folders: tuple[str, ...]


class ModelFolders(Value):
    """Every folder that looks like a model; each is then asked about by itself, so that a bad one spoils no other's verdict."""

    paths: tuple[str, ...]


def _model_folders(request: ModelFoldersRequest) -> ModelFolders:
    found = find_model_folders(Path(folder) for folder in request.folders)
    return ModelFolders(paths=tuple(in_text(str(path)) for path in found))


MODEL_OPERATIONS: dict[str, Operation] = {
    "model": Operation(ModelRequest, lambda request: read_model(Path(request.path))),
    "model_folders": Operation(ModelFoldersRequest, _model_folders),
}
