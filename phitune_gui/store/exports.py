"""Which exports a run has, from its events and from the manifest that every export carries."""

from pathlib import Path

from phitune_gui.core.names import EXPORT_MANIFEST, EXPORTS_FOLDER
from phitune_gui.core.parity import ParityReport
from phitune_gui.core.run import Export, Run
from phitune_gui.files.regular import read_object


def exports_of(folder: Path, run: Run) -> tuple[Export, ...]:
    """The run's exports that exist: those its events tell of, wherever they lie, and those in its folder, as they are now."""
    known = {export.path: export for export in run.exports if Path(export.path).is_dir()}
    lying = (str(manifest.parent) for manifest in sorted((folder / EXPORTS_FOLDER).glob(f"*/{EXPORT_MANIFEST}")))
    found = {path: _read(Path(path) / EXPORT_MANIFEST) or known.get(path) for path in dict.fromkeys((*known, *lying))}
    return tuple(export for export in found.values() if export is not None)


def _read(manifest: Path) -> Export | None:
    document = read_object(manifest)
    if document is None:
        return None
    try:
        report = document.get("report")
        size = sum(file.stat().st_size for file in manifest.parent.rglob("*") if file.is_file())
        return Export(
            target=str(document.get("target", manifest.parent.name)), path=str(manifest.parent), bytes=int(document.get("bytes") or size),
            report=ParityReport.model_validate(report) if report else None,
        )  # fmt: skip
    except (OSError, ValueError, TypeError, ArithmeticError):
        return None
