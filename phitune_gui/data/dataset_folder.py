"""Which files of a folder are learned from, which one judges and which are left aside, as their names say."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from phitune_gui.core.listing import listed
from phitune_gui.core.names import DATASET_ENDINGS, DATASET_SUFFIXES
from phitune_gui.core.problem import CannotStart

LARGEST_FOLDER = 2_000
_MOST_NAMES = 5
_LEARNED = re.compile(r"train", re.IGNORECASE)
_JUDGED = re.compile(r"(validation|valid|val|dev|eval|evaluation)(set)?(?![a-z])", re.IGNORECASE)
_TESTED = re.compile(r"test(set)?(?![a-z])", re.IGNORECASE)
"""A word, not the beginning of another: `val.csv`, `val_2.csv` and `validation-00000-of-00001.parquet`, but not `values.csv`."""


@dataclass(frozen=True, slots=True)
class DataFiles:
    """Files to learn from, the one to judge by, those that are not used, and for a folder that in a sentence."""

    sources: tuple[Path, ...]
    validation: Path | None = None
    left: tuple[Path, ...] = ()
    said: str = ""


def parted(files: Sequence[Path]) -> DataFiles:
    """What files that lie together are for, by the beginnings of their names; where no name says anything, all are learned from."""
    judged = [file for file in files if _JUDGED.match(file.name)]
    others = [file for file in files if not (_JUDGED.match(file.name) or _TESTED.match(file.name))]
    sources = [file for file in others if _LEARNED.match(file.name)] or others
    if not sources:
        return DataFiles(tuple(files), said=_sentence(files, None, ()))
    validation = judged[0] if judged else None
    used = {*sources, validation}
    left = tuple(file for file in files if file not in used)
    return DataFiles(tuple(sources), validation, left, _sentence(sources, validation, left))


def dataset_files(folder: Path, names: Iterable[str]) -> tuple[Path, ...]:
    """Those of the folder's names that are datasets, in order; a Markdown file beside others describes them."""
    found = [name for name in sorted(names) if name.lower().endswith(DATASET_ENDINGS)]
    rows = [name for name in found if not name.lower().endswith(".md")]
    return tuple(folder / name for name in rows or found)


def files_meant(named: Sequence[Path]) -> DataFiles:
    """The files that these files and folders mean. Raises CannotStart for a folder that cannot be read or holds no dataset."""
    parts = [_of_folder(path) if path.is_dir() else DataFiles((path,)) for path in named]
    return joined(parts)


def joined(parts: Sequence[DataFiles]) -> DataFiles:
    """All of them together; of several files to judge by the last one counts, and the others are left aside."""
    judges = [part.validation for part in parts if part.validation is not None]
    return DataFiles(
        tuple(dict.fromkeys(file for part in parts for file in part.sources)),
        judges[-1] if judges else None,
        tuple(dict.fromkeys((*(file for part in parts for file in part.left), *judges[:-1]))),
        " ".join(part.said for part in parts if part.said),
    )


def _of_folder(folder: Path) -> DataFiles:
    try:
        names = [entry.name for _, entry in zip(range(LARGEST_FOLDER), folder.iterdir(), strict=False)]
    except OSError as error:
        reason = (error.strerror or "the system refused").lower()
        raise CannotStart(str(folder), f"The folder {folder} cannot be read: {reason}.", "Choose another folder.") from error
    files = dataset_files(folder, names)
    if not files:
        what = f"There is no dataset in the folder {folder}."
        raise CannotStart(str(folder), what, f"Name a folder with files that end in one of: {', '.join(DATASET_SUFFIXES)}.")
    return parted(files)


def _sentence(sources: Sequence[Path], validation: Path | None, left: Sequence[Path]) -> str:
    said = [f"{_names(sources)} {_is(sources)} learned from"]
    if validation is not None:
        said.append(f"{validation.name} is only judged by")
    if left:
        said.append(f"{_names(left)} {_is(left)} left aside")
    return f"{'; '.join(said)}."


def _names(files: Sequence[Path]) -> str:
    return listed([file.name for file in files], _MOST_NAMES)


def _is(files: Sequence[Path]) -> str:
    return "is" if len(files) == 1 else "are"
