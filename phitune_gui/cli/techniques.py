"""The command that lists the techniques and the launchers, one line each, and tells everything about one of them."""

from collections.abc import Sequence
from pathlib import Path

from phitune_gui.cli.advice import situation
from phitune_gui.cli.output import duration, listing, say, size, table, tell, write_json
from phitune_gui.core.problem import CannotStart
from phitune_gui.planning.launchers import LauncherRow, launcher_matrix
from phitune_gui.planning.technique_matrix import TechniqueRow, technique_matrix


def list_techniques(id: str | None, named: tuple[Path | None, Path | None], as_json: bool) -> int:
    """Show the catalog, planned for the named model and data and this machine, or all about the technique or launcher of this id."""
    recipe, ground, assumed = situation(*named)
    rows, launchers = technique_matrix(ground), launcher_matrix(recipe, ground)
    if id is not None:
        rows, launchers = _only(rows, launchers, id)
    if as_json:
        listed = {"techniques": rows, "launchers": launchers}
        write_json({"assumed": assumed, **{name: [row.model_dump(mode="json") for row in each] for name, each in listed.items()}})
        return 0
    for sentence in assumed:
        say(sentence, "yellow")
    if id is None:
        _list(rows, launchers)
    for row in rows if id else ():
        _tell_technique(row)
    for launcher in launchers if id else ():
        _tell_launcher(launcher)
    return 0


def _only(
    rows: Sequence[TechniqueRow], launchers: Sequence[LauncherRow], id: str
) -> tuple[tuple[TechniqueRow, ...], tuple[LauncherRow, ...]]:  # fmt: skip
    found = tuple(row for row in rows if row.id == id), tuple(row for row in launchers if row.id == id)
    if not any(found):
        known = ", ".join([*(row.id for row in rows), *(row.id for row in launchers)])
        raise CannotStart("ID", f"PhiTune has no technique and no launcher named {id!r}.", f"Choose one of: {known}.")
    return found


def _list(rows: Sequence[TechniqueRow], launchers: Sequence[LauncherRow]) -> None:
    listing(["id", "technique", "memory", "time", "export", "here", "what for"], [
        [row.id, row.label, size(row.memory_bytes), duration(row.seconds) if row.seconds else "", _export(row), _here(row),
         row.when]
        for row in rows
    ])  # fmt: skip
    tell("")
    listing(["id", "launcher", "processes", "memory", "here", "what for"], [
        [row.id, row.label, str(row.processes), size(row.memory_bytes), _here(row), row.when or row.summary] for row in launchers
    ])  # fmt: skip
    if "changed" in [*map(_here, rows), *map(_here, launchers)]:
        say("changed: it fits here after what phitune techniques ID and phitune plan name, as with fewer rows at a time.")
    say("phitune techniques ID tells all about one: what it is, when to choose it, its options, and why it does not work here.")


def _here(row: TechniqueRow | LauncherRow) -> str:
    return "changed" if row.only_changed else _yes(row.works_here)


def _export(row: TechniqueRow) -> str:
    """What can be made of its result beside the adapter itself."""
    return "ONNX" if row.can_export else "merged" if row.can_merge else "adapter"


def _tell_technique(row: TechniqueRow) -> None:
    tell(f"{row.label}: {row.summary}")
    table("", ["", ""], [
        ["id", row.id], ["when", row.when], ["costs", row.costs], ["trains", f"{row.trainable_parameters:,} parameters"],
        ["memory", size(row.memory_bytes)], ["time", duration(row.seconds) if row.seconds else "not known"],
        ["can be merged", _yes(row.can_merge)], ["can become ONNX", _yes(row.can_export)], ["launchers", ", ".join(row.launchers)],
        ["works here", f"{_here(row)}: {row.reason}"],
    ])  # fmt: skip
    tell("")
    options = [[f"technique.{option.name}", str(option.default), option.help] for option in row.options]
    table("", ["option", "default", ""], options or [["none", "", ""]])


def _tell_launcher(row: LauncherRow) -> None:
    tell(f"{row.label}: {row.summary}")
    table("", ["", ""], [
        ["id", row.id], *([["when", row.when]] if row.when else []), ["processes", str(row.processes)], ["memory", size(row.memory_bytes)],
        ["with LoRA here", row.reason or row.buys],
    ])  # fmt: skip


def _yes(can: bool) -> str:
    return "yes" if can else "no"
