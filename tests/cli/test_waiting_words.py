"""A run that waits for other machines is said to wait, for whom, and what to type there."""

from pathlib import Path

import pytest

from phitune_gui.cli import main
from phitune_gui.core.events import AttemptBegan, Event, StageBegan, event_to_line
from phitune_gui.core.invitation import Invitation, write_invitations
from phitune_gui.core.names import EVENTS_FILE
from phitune_gui.jobs.worker_file import write_worker_file
from phitune_gui.store.runs import create_run_folder
from tests.helpers.factories import a_plan, a_recipe

COMMAND = "phitune join 192.168.1.5:29500 --machine {} --key 4c0b8f1d"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a run whose worker lives: it is this process."""
    made = create_run_folder(a_recipe(), a_plan(), "tiny", tmp_path / "runs")
    write_worker_file(made)
    return made


def waits(folder: Path, detail: str) -> None:
    events: list[Event] = [AttemptBegan(attempt=1, from_step=0, pid=1), StageBegan(stage="waiting", detail=detail)]
    (folder / EVENTS_FILE).write_bytes(b"".join(map(event_to_line, events)))


def invited(*machines: int) -> str:
    return write_invitations([Invitation(machine, COMMAND.format(machine)) for machine in machines])


@pytest.mark.parametrize(
    ("detail", "sentence"),
    [
        (invited(2), "Waiting for machine 2 to join; it trains when all are there."),
        (invited(2, 3, 4), "Waiting for machines 2, 3 and 4 to join; it trains when all are there."),
        ("the first machine at 10.0.0.1:29500", "Waiting for the first machine at 10.0.0.1:29500."),
        ("", "Waiting for the other machines."),
    ],
)
def test_show_says_for_whom(folder: Path, detail: str, sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    waits(folder, detail)

    assert main(["show", str(folder)]) == 0

    assert sentence in capsys.readouterr().err


def test_show_tells_what_to_type_on_each_machine(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    waits(folder, invited(2, 3))

    assert main(["show", str(folder)]) == 0

    told = "".join(capsys.readouterr())
    for machine in (2, 3):
        assert f"on machine {machine}" in told
        assert COMMAND.format(machine) in told


def test_the_list_of_runs_says_that_it_waits(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    waits(folder, invited(2))

    assert main(["runs"]) == 0

    line = next(line for line in "".join(capsys.readouterr()).splitlines() if folder.name[:12] in line)
    assert "waiting" in line
