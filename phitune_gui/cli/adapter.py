"""The command that takes over an adapter which was made elsewhere."""

import shlex
from functools import partial
from pathlib import Path

from phitune_gui.cli.adapter_words import adapter_rows
from phitune_gui.cli.follow import start_and_follow
from phitune_gui.cli.output import say, table, tell, write_json
from phitune_gui.core.adapter import AdapterVerdict
from phitune_gui.core.names import EXIT_CANNOT_START, EXIT_DONE, RECIPE_FILE
from phitune_gui.core.problem import CannotStart
from phitune_gui.jobs.adapters import start_import
from phitune_gui.jobs.desk import DataDesk
from phitune_gui.jobs.questions import ask_model
from phitune_gui.store.paths import model_folder


def import_adapter(folder: Path, model: Path, runs: Path | None, as_json: bool) -> int:
    """Judge the folder and make a run of it; exit code 2 when it is refused."""
    with DataDesk() as desk:
        base = ask_model(desk, model_folder(model))
    run = start_and_follow(partial(start_import, folder, base, runs), as_json, folder.absolute())
    verdict = run.imported
    if verdict is None:
        raise CannotStart("adapter", "The import was cancelled before it was complete; nothing was left behind.", "Start it again.")
    if as_json:
        write_json({**verdict.model_dump(mode="json"), "rank": verdict.rank})
    else:
        _say(verdict)
    return EXIT_DONE if verdict.usable else EXIT_CANNOT_START


def _say(verdict: AdapterVerdict) -> None:
    if not verdict.usable:
        say(verdict.reason, "bold red")
        say(f"{verdict.how_to_fix} ({verdict.path})")
        return
    tell(f"Usable: {verdict.run}")
    table("", ["", ""], adapter_rows(verdict))
    for note in verdict.notes:
        say(note, "yellow")
    say(f"phitune chat, export and show take {Path(verdict.run).name}. To train it on with rows of yours:")
    say(f"phitune train {shlex.quote(str(Path(verdict.run) / RECIPE_FILE))} --data FILE")
