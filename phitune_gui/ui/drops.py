"""What was dropped: dataset files, a model folder, an adapter, a recipe, a run folder, or something that PhiTune cannot use and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QCoreApplication

from phitune_gui.core.names import DATASET_ENDINGS, EVENTS_FILE, RECIPE_FILE, RECIPE_SUFFIX
from phitune_gui.data.adapter_folder.files import CONFIG as ADAPTER_CONFIG
from phitune_gui.data.dataset_folder import LARGEST_FOLDER, DataFiles, dataset_files, joined, parted

NO_FILES = DataFiles(())


@dataclass(frozen=True)
class Drop:
    """What one path is; `why` says why it cannot be used, `files` which of the paths of a dataset are for what."""

    kind: Literal["dataset", "model", "adapter", "recipe", "run", "refused"]
    paths: tuple[Path, ...]
    why: str = ""
    files: DataFiles = NO_FILES


def understand(path: Path) -> Drop:
    """What this path is, by its name and the names of the files in it; nothing is opened."""
    if path.is_dir():
        return _understand_folder(path)
    if not path.exists():
        return _refused(path, _tr("There is no such file."))
    name = path.name.lower()
    if name.endswith(RECIPE_SUFFIX):
        return Drop("recipe", (path,))
    if name == RECIPE_FILE and (path.parent / EVENTS_FILE).exists():
        return Drop("run", (path.parent,))
    if name == ADAPTER_CONFIG or name.startswith("adapter_model."):
        return Drop("adapter", (path.parent,))
    if name == "config.json" or name.endswith(".safetensors"):
        return Drop("model", (path.parent,))
    if name.endswith(DATASET_ENDINGS):
        return _dataset(DataFiles((path,)))
    return _refused(path, _why_not(name))


def _why_not(name: str) -> str:
    """Why a file of this lower-case name cannot be used."""
    if name.endswith((".gguf", ".bin", ".pt", ".pth", ".ckpt")):
        return _tr("A single weights file cannot be tuned: drop the model's folder, with config.json and *.safetensors.")
    if name.endswith((".yaml", ".yml")):
        return _tr("Recipe files end in {suffix}.").format(suffix=RECIPE_SUFFIX)
    if name.endswith((".xlsx", ".xls", ".ods", ".docx", ".pdf")):
        return _tr("Save it as CSV or text first: PhiTune reads JSON, CSV, Parquet, Arrow, Markdown and text.")
    if name.endswith((".gz", ".zst")):
        return _tr("The name must say what is packed in it, like rows.jsonl.gz or rows.csv.zst.")
    if name.endswith((".zip", ".bz2", ".xz", ".7z", ".tar")):
        return _tr("Unpack it first.")
    return _tr("PhiTune reads JSON, CSV, Parquet, Arrow, Markdown and text, model folders, adapter folders, recipes and run folders.")


def understand_all(paths: Sequence[Path]) -> list[Drop]:
    """One entry per kind of thing: all dataset files together, everything else by itself."""
    drops = [understand(path) for path in paths]
    files = [drop.files for drop in drops if drop.kind == "dataset"]
    rest = [drop for drop in drops if drop.kind != "dataset"]
    return [*rest, _dataset(joined(files))] if files else rest


def _understand_folder(folder: Path) -> Drop:
    try:
        names = {entry.name for _, entry in zip(range(LARGEST_FOLDER), folder.iterdir(), strict=False)}
    except OSError as error:
        return _refused(folder, _tr("The folder cannot be read: {reason}.").format(reason=(error.strerror or str(error)).lower()))
    if RECIPE_FILE in names and EVENTS_FILE in names:
        return Drop("run", (folder,))
    if ADAPTER_CONFIG in names and not any(map(_is_of_a_model, names)):
        return Drop("adapter", (folder,))
    if "config.json" in names:
        return Drop("model", (folder,))
    datasets = dataset_files(folder, names)
    if datasets:
        return _dataset(parted(datasets))
    return _refused(folder, _tr("The folder holds no dataset, no model (config.json), no adapter (adapter_config.json) and no run."))


def _dataset(files: DataFiles) -> Drop:
    return Drop("dataset", files.sources, files=files)


def _is_of_a_model(name: str) -> bool:
    """Whether a file holds a whole model's weights; a config.json alone says little, because some trainers put it beside an adapter."""
    return name.startswith("model") and name.endswith((".safetensors", ".safetensors.index.json"))


def _refused(path: Path, why: str) -> Drop:
    return Drop("refused", (path,), why)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Drops", text)
