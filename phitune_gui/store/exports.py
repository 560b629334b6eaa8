"""Which exports lie in a run's folder, from the manifest that every export carries."""

from pathlib import Path

from phitune_gui.core.names import EXPORT_MANIFEST, EXPORTS_FOLDER
from phitune_gui.core.parity import ParityReport
from phitune_gui.core.run import Export, Run
from phitune_gui.files.regular import read_object


def exports_of(folder: Path, run: Run) -> tuple[Export, ...]:
    """The run's exports: those its events tell of and those that lie in its folder, newest knowledge wins."""
    known = {export.path: export for export in run.exports}
    for manifest in sorted((folder / EXPORTS_FOLDER).glob(f"*/{EXPORT_MANIFEST}")):
        found = _read(manifest)
        if found is not None:
            known[found.path] = found
    return tuple(known.values())


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
