"""Where things live on each system; PHITUNE_HOME moves all of them."""

import tempfile
from pathlib import Path

from phitune_gui.core.problem import CannotStart
from phitune_gui.data.person_paths import cache_folder as cache_folder
from phitune_gui.data.person_paths import expanded as expanded
from phitune_gui.data.person_paths import home as home

STARTER = "starter"
"""The word for the starter model, wherever a model folder is asked for."""


def runs_folder() -> Path:
    """Where runs go unless the person names another folder."""
    return home() / "runs"


def starter_folder() -> Path:
    """The converted starter model."""
    return home() / "models" / STARTER


def model_folder(named: str | Path) -> Path:
    """The model folder that a person names; the word `starter` is the starter model's, unless a folder of that name lies here."""
    path = expanded(named)
    return starter_folder() if str(named) == STARTER and not path.is_dir() else path.absolute()


def jobs_folder() -> Path:
    """Folders of jobs that are not runs: chat, export, probe."""
    return cache_folder() / "jobs"


def settings_file() -> Path:
    """The person's choices."""
    return home() / "settings.yaml"


def doctor_file() -> Path:
    """What the doctor's tests found on this machine."""
    return home() / "doctor.json"


def index_file() -> Path:
    """The list of run folders that were ever made on this machine; can be rebuilt from them."""
    return home() / "index.sqlite"


def private_folder(folder: Path) -> Path:
    """Make `folder`, readable by its owner alone, and return it; CannotStart when that is impossible."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CannotStart(
            str(folder),
            f"PhiTune cannot make the folder {folder}: {(error.strerror or 'the system refused').lower()}.",
            "Choose another folder, or set PHITUNE_HOME to one that you may write to.",
        ) from error
    return folder


def require_writable(folder: Path) -> None:
    """CannotStart unless a file can really be made in `folder`; permission bits alone do not tell."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"PhiTune")
    except OSError as error:
        raise CannotStart(
            str(folder),
            f"PhiTune cannot write in {folder}: {(error.strerror or 'the system refused').lower()}.",
            "Choose another folder for runs and exports.",
        ) from error
