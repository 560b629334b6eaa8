"""A run's exports: wherever they were made, as they are now, and no longer than they exist."""

import json
import shutil
from pathlib import Path

from phitune_gui.core.names import EXPORT_MANIFEST
from phitune_gui.core.run import Export, Run
from phitune_gui.store.exports import exports_of


def _lay(folder: Path, target: str, size: int) -> Export:
    folder.mkdir(parents=True)
    (folder / EXPORT_MANIFEST).write_text(json.dumps({"target": target, "bytes": size}), "utf-8")
    return Export(target=target, path=str(folder), bytes=size)


def test_exports_elsewhere_and_in_the_folder_are_listed_once_each_as_their_manifests_say_now(tmp_path: Path) -> None:
    inside = _lay(tmp_path / "run" / "exports" / "adapter", "adapter", 3)
    outside = _lay(tmp_path / "gift", "merged", 7)
    run = Run(exports=(outside.model_copy(update={"bytes": 1}), inside))

    assert exports_of(tmp_path / "run", run) == (outside, inside)


def test_an_export_that_was_deleted_is_not_listed_and_one_with_a_damaged_manifest_is(tmp_path: Path) -> None:
    gone, damaged = _lay(tmp_path / "gone", "merged", 7), _lay(tmp_path / "damaged", "adapter", 3)
    shutil.rmtree(tmp_path / "gone")
    (tmp_path / "damaged" / EXPORT_MANIFEST).write_text("{", "utf-8")

    assert exports_of(tmp_path / "run", Run(exports=(gone, damaged))) == (damaged,)
