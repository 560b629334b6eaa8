"""What the doctor said about a dataset, remembered until a file, the model or a data setting changes."""

import hashlib
import json
from pathlib import Path

from pydantic import ValidationError

from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.dataset_report import DatasetReport
from phitune_gui.core.recipe import DataSection
from phitune_gui.files.atomic import write_text
from phitune_gui.store.paths import cache_folder, private_folder

_FORMAT = 2


def cached_report(data: DataSection, model: BaseModel | None, seed: int) -> DatasetReport | None:
    """The remembered report of exactly this question, or None."""
    path = _path(data, model, seed)
    try:
        return DatasetReport.model_validate_json(path.read_bytes()) if path else None
    except (OSError, ValidationError):
        return None


def remember_report(data: DataSection, model: BaseModel | None, seed: int, report: DatasetReport) -> None:
    """Keep a full report; estimates are not kept. Raises CannotStart or OSError."""
    path = _path(data, model, seed)
    if path and not report.estimated:
        private_folder(path.parent)
        write_text(path, report.model_dump_json())


def _path(data: DataSection, model: BaseModel | None, seed: int) -> Path | None:
    """Where the answer to this question lies; None when a file is not there to be asked about."""
    files = [source.path for source in data.sources] + ([data.validation.path] if data.validation.path else [])
    if model is not None:
        files.append(str(Path(model.path) / "tokenizer.json"))
    try:
        stamps = [(str(Path(file).absolute()), (stat := Path(file).stat()).st_size, stat.st_mtime_ns) for file in files]
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return None
    question = json.dumps([_FORMAT, data.model_dump(mode="json"), seed, stamps, model.folds_system if model else None])
    return cache_folder() / "reports" / f"{hashlib.sha256(question.encode()).hexdigest()}.json"
