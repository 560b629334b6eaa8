"""phitune-export.json: what an export is, from what it was made, which files it holds and how it did in the comparison."""

import importlib.metadata
import platform
from pathlib import Path

from pydantic import ValidationError

from phitune_gui import __version__
from phitune_gui.core.base_model import BaseModel
from phitune_gui.core.names import EXPORT_MANIFEST, PROTOCOL, REFERENCE_FILE
from phitune_gui.core.parity import ParityReport
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.value import Value
from phitune_gui.files.atomic import write_text
from phitune_gui.files.manifest import hash_file

LIBRARIES = ("torch", "transformers", "peft", "onnxruntime", "onnxruntime-genai", "tokenizers")


class ExportManifest(Value):
    """What an export says about itself.

    `files` maps names to SHA-256; `bytes` is the size of the whole export; `stop_ids` end an answer, the chat's own first;
    `created` is UTC, ISO 8601.
    """

    protocol: int = PROTOCOL
    target: str
    kind: str
    precision: str
    name: str
    created: str
    run: str
    technique: str
    adapter_hash: str
    base_model: BaseModel
    stop_ids: tuple[int, ...]
    files: dict[str, str] = {}
    bytes: int = 0
    versions: dict[str, str] = {}
    report: ParityReport | None = None


def versions() -> dict[str, str]:
    """Versions of everything that had a hand in an export."""
    return {"phitune": __version__, "python": platform.python_version(), **{name: importlib.metadata.version(name) for name in LIBRARIES}}


def folder_bytes(folder: Path) -> int:
    """Bytes of all files in an export, the reference for checks left out."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file() and file.name not in (REFERENCE_FILE, EXPORT_MANIFEST))


def file_hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file but the manifest itself."""
    files = sorted(file for file in folder.rglob("*") if file.is_file() and file.name != EXPORT_MANIFEST)
    return {file.relative_to(folder).as_posix(): hash_file(file) for file in files}


def damaged_files(folder: Path, manifest: ExportManifest) -> tuple[str, ...]:
    """One clause per file that is missing or not as it was exported; files added later do no harm."""
    now = file_hashes(folder)
    return tuple(
        f"{name} is missing" if name not in now else f"{name} was changed after the export"
        for name, expected in manifest.files.items() if now.get(name) != expected
    )  # fmt: skip


def write_manifest(folder: Path, manifest: ExportManifest) -> None:
    """Write the manifest, whole or not at all."""
    write_text(folder / EXPORT_MANIFEST, manifest.model_dump_json(indent=2) + "\n")


def read_manifest(folder: Path) -> ExportManifest:
    """The manifest of an export. Raises CannotStart when `folder` is none."""
    try:
        return ExportManifest.model_validate_json((folder / EXPORT_MANIFEST).read_bytes())
    except (OSError, ValidationError) as error:
        raise CannotStart(
            str(folder),
            f"{folder} is not an export of PhiTune, or its {EXPORT_MANIFEST} is damaged.",
            "Choose an export, or export the run again.",
        ) from error
