"""Which checkpoint a run goes on from, and when it does not."""

from pathlib import Path

import pytest

from phitune_gui.core.problem import CannotStart
from phitune_gui.core.run import Run
from phitune_gui.files.manifest import write_manifest
from phitune_gui.jobs.resume import newest_whole, refuse_unless_resumable


def a_checkpoint(run: Path, step: int, name: str = "") -> Path:
    folder = run / "checkpoints" / (name or f"step-{step:06d}")
    folder.mkdir(parents=True)
    (folder / "weights").write_bytes(bytes([step]))
    write_manifest(folder)
    return folder


def test_the_newest_whole_checkpoint_is_taken(tmp_path: Path) -> None:
    older, newer = a_checkpoint(tmp_path, 10), a_checkpoint(tmp_path, 20)
    a_checkpoint(tmp_path, 99, name="step-000099 (copy)")
    assert newest_whole(tmp_path) == (20, newer)

    (newer / "weights").write_bytes(b"damaged")
    assert newest_whole(tmp_path) == (10, older)

    (older / "weights").unlink()
    with pytest.raises(CannotStart, match="Every checkpoint in it is damaged"):
        newest_whole(tmp_path)


def test_without_checkpoints_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="It has no checkpoint"):
        newest_whole(tmp_path)


@pytest.mark.parametrize(("state", "words"), [("finished", "last step"), ("running", "is being trained")])
def test_only_what_was_broken_off_goes_on(tmp_path: Path, state: str, words: str) -> None:
    with pytest.raises(CannotStart, match=words):
        refuse_unless_resumable(tmp_path, Run(state=state))  # type: ignore[arg-type]
