"""The commands that remember: every run of this machine, and one in detail."""

from typing import Any

from phitune_gui.catalog.exports.adapter import ADAPTER
from phitune_gui.cli.output import say, table, write_json
from phitune_gui.cli.run_words import ending, figure_rows, figures, going_on, invitation_rows, moment, recipe_rows, say_advice, state_word
from phitune_gui.core.names import RECIPE_FILE
from phitune_gui.core.run import Export
from phitune_gui.jobs.history import settled_run, settled_runs
from phitune_gui.store.exports import exports_of
from phitune_gui.store.runs import RunRecord, find_run


def show_runs(as_json: bool) -> int:
    """List the runs, newest first."""
    records = settled_runs()
    if as_json:
        write_json({"runs": [_summary(record) for record in records]})
        return 0
    rows = []
    for record in records:
        best, last = record.run.best_evaluation, record.run.last_evaluation
        validation = [f"{best.loss:.4f} (step {best.step})" if best else "", f"{last.loss:.4f}" if last else ""]
        rows.append(
            [
                record.name,
                record.recipe.technique.id,
                state_word(record.run),
                *validation,
                moment(record.made_at),
            ]
        )
    table("", ["run", "technique", "state", "best validation", "last", "made"], rows)
    if not rows:
        say("There are no runs yet. phitune demo makes one; phitune train RECIPE another.")
    return 0


def show_run(name: str, as_json: bool) -> int:
    """Everything about one run."""
    record = settled_run(find_run(name))
    if as_json:
        write_json({"run": _details(record)})
        return 0
    run = record.run
    say(ending(run) if run.ended else going_on(run), "bold")
    rows = [["run", str(record.path)], ["made", moment(record.made_at)], *invitation_rows(run), *figure_rows(run, record.recipe)]
    rows += [["export", f"{item.path}: {_verdict(item)}"] for item in exports_of(record.path, run)]
    table("", ["", ""], rows)
    table("Recipe", ["", ""], [*recipe_rows(record.recipe), ["everything else", str(record.path / RECIPE_FILE)]])
    say_advice(run)
    return 0


def _verdict(export: Export) -> str:
    if export.report is None:
        return "the trained weights themselves" if export.target == ADAPTER.id else "not checked"
    return "verified" if export.report.verified else "not verified"


def _summary(record: RunRecord) -> dict[str, Any]:
    return {
        "name": record.name, "path": str(record.path), "model": record.recipe.model.path, "technique": record.recipe.technique.id,
        "made_at": record.made_at, **{key: value for key, value in figures(record.path, record.run).items() if key != "run"},
    }  # fmt: skip


def _details(record: RunRecord) -> dict[str, Any]:
    exports = [item.model_dump(mode="json") for item in exports_of(record.path, record.run)]
    return {**_summary(record), "recipe": record.recipe.model_dump(mode="json"), **record.run.model_dump(mode="json"), "exports": exports}
