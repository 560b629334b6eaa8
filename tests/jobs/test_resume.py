"""Which checkpoint a run goes on from, and when it does not."""

import sys
from pathlib import Path

import pytest

from phitune_gui.core.events import JobFailed, event_to_line
from phitune_gui.core.job import TrainJob, job_to_json
from phitune_gui.core.problem import CannotStart
from phitune_gui.core.run import Run
from phitune_gui.files.manifest import write_manifest
from phitune_gui.jobs.resume import newest_whole, refuse_unless_resumable, resume_training
from phitune_gui.store.runs import create_run_folder
from tests.helpers.factories import a_model, a_plan, a_recipe, a_training


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


def test_a_worker_that_has_said_its_last_word_is_seen_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = create_run_folder(a_recipe(), a_plan(), "a", tmp_path)
    (run / "job.json").write_text(job_to_json(TrainJob(recipe=a_recipe(), plan=a_plan(), base_model=a_model())), "utf-8")
    (run / "events.jsonl").write_bytes(b"".join(map(event_to_line, [*a_training(5), JobFailed(kind="error", message="Full.", hint="")])))
    a_checkpoint(run, 4)
    going = iter([True, True, False])
    monkeypatch.setattr("phitune_gui.jobs.resume.worker_lives", lambda _folder: next(going, False))
    monkeypatch.setattr("phitune_gui.jobs.supervisor.worker_command", lambda _what: [sys.executable, "-c", ""])

    supervisor, step = resume_training(run)

    assert step == 4
    assert next(going, None) is None
    assert supervisor.wait(20)


@pytest.mark.parametrize(("state", "words"), [("finished", "last step"), ("running", "is being trained")])
def test_only_what_was_broken_off_goes_on(tmp_path: Path, state: str, words: str) -> None:
    with pytest.raises(CannotStart, match=words):
        refuse_unless_resumable(tmp_path, Run(state=state))  # type: ignore[arg-type]
