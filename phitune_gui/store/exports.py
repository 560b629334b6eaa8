"""Which exports lie in a run's folder, from the manifest that every export carries."""

import json
from pathlib import Path

from pydantic import ValidationError

from phitune_gui.core.names import EXPORT_MANIFEST, EXPORTS_FOLDER
from phitune_gui.core.parity import ParityReport
from phitune_gui.core.run import Export, Run


def exports_of(folder: Path, run: Run) -> tuple[Export, ...]:
    """The run's exports: those its events tell of and those that lie in its folder, newest knowledge wins."""
    known = {export.path: export for export in run.exports}
    for manifest in sorted((folder / EXPORTS_FOLDER).glob(f"*/{EXPORT_MANIFEST}")):
        found = _read(manifest)
        if found is not None:
            known[found.path] = found
    return tuple(known.values())


def _read(manifest: Path) -> Export | None:
    try:
        document = json.loads(manifest.read_text("utf-8"))
        report = document.get("report")
        size = sum(file.stat().st_size for file in manifest.parent.rglob("*") if file.is_file())
        return Export(
            target=str(document.get("target", manifest.parent.name)), path=str(manifest.parent), bytes=int(document.get("bytes") or size),
            report=ParityReport.model_validate(report) if report else None,
        )  # fmt: skip
    except (OSError, ValueError, ValidationError, AttributeError):
        return None
