"""Which exports a run has, from its events and from the manifest that every export carries."""

from pathlib import Path

from phitune_gui.core.names import EXPORT_MANIFEST, EXPORTS_FOLDER, RECIPE_FILE
from phitune_gui.core.parity import ParityReport
from phitune_gui.core.run import Export, Run
from phitune_gui.files.regular import read_object


def exports_of(folder: Path, run: Run) -> tuple[Export, ...]:
    """The run's exports that exist: those its events tell of, wherever they lie, and those in its folder, as they are now."""
    known = {export.path: export for export in run.exports if Path(export.path).is_dir()}
    lying = (str(manifest.parent) for manifest in sorted((folder / EXPORTS_FOLDER).glob(f"*/{EXPORT_MANIFEST}")))
    found = {path: read_export(Path(path)) or known.get(path) for path in dict.fromkeys((*known, *lying))}
    return tuple(export for export in found.values() if export is not None)


def run_of(export: Path) -> Path | None:
    """The run that the export was made of, where it still lies: it is in its folder, or its manifest names it."""
    named = read_object(export / EXPORT_MANIFEST) or {}
    for folder in (export.parent.parent, Path(str(named.get("run") or ""))):
        if folder.is_absolute() and (folder / RECIPE_FILE).is_file():
            return folder
    return None


def read_export(folder: Path) -> Export | None:
    """What the folder's manifest says; None where there is none, or one that cannot be read."""
    document = read_object(folder / EXPORT_MANIFEST)
    if document is None:
        return None
    try:
        report = document.get("report")
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        return Export(
            target=str(document.get("target", folder.name)), path=str(folder), bytes=int(document.get("bytes") or size),
            report=ParityReport.model_validate(report) if report else None,
        )  # fmt: skip
    except (OSError, ValueError, TypeError, ArithmeticError):
        return None
