"""Each launcher of several processes stops and goes on like one process, and leaves none behind when one of them dies."""

import os
import signal
from pathlib import Path

import pytest

from tests.helpers.commands import phitune
from tests.helpers.launchers import SEVERAL, case, started_by
from tests.integration.test_launchers import LONG, at_step, gone, in_background, recipe, train, workers
from tests.integration.test_split_layers import ADAPTER

__all__ = ["recipe"]

pytestmark = [pytest.mark.engine, pytest.mark.skipif(os.name == "nt", reason="gloo over files is not tried on Windows")]


@pytest.mark.parametrize("id", [case(each, slow=each.id != "ddp") for each in SEVERAL])
def test_it_stops_saves_and_goes_on_to_the_same_end(recipe: Path, tmp_path: Path, id: str) -> None:
    options = (*started_by(id), "training.max_steps=30", "training.epochs=100", "technique.dropout=0.2")
    whole = train(recipe, *options)
    with in_background(recipe, tmp_path, *options):
        run = at_step(tmp_path / "runs", 3)
        stopped = phitune("stop", str(run), home=tmp_path)

    resumed = phitune("resume", str(run), home=tmp_path)

    assert stopped["state"] == "stopped"
    assert 3 <= stopped["from_step"] < 30
    assert resumed["from_step"] == stopped["from_step"]
    assert resumed["final_loss"] == whole["final_loss"]
    assert (run / ADAPTER).read_bytes() == (Path(whole["run"]) / ADAPTER).read_bytes()


@pytest.mark.faults
@pytest.mark.parametrize("victim", ["first", "other"])
@pytest.mark.parametrize("id", [case(each) for each in SEVERAL])
def test_a_lost_process_ends_the_run_with_a_sentence_and_no_orphan(recipe: Path, tmp_path: Path, id: str, victim: str) -> None:
    with in_background(recipe, tmp_path, *started_by(id), *LONG, code=1) as result:
        first, others = workers(at_step(tmp_path / "runs", 6))
        assert len(others) == 1
        (first if victim == "first" else others[0]).send_signal(signal.SIGKILL)

    words = "killed from outside" if victim == "first" else "Process 2 of 2 was ended by signal 9, so the training cannot go on."
    assert words in result["error"]["what"]
    assert "checkpoint of step" in result["error"]["how_to_fix"]
    assert gone([first, *others])
