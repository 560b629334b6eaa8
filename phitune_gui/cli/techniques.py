"""The command that lists the techniques, with what can be made of each and the launchers, with whether each works here."""

from collections.abc import Sequence
from pathlib import Path

from phitune_gui.cli.advice import situation
from phitune_gui.cli.output import say, size, table, tell, write_json
from phitune_gui.planning.launchers import LauncherRow, launcher_matrix
from phitune_gui.planning.technique_matrix import technique_matrix


def list_techniques(model: Path | None, as_json: bool) -> int:
    """Show the catalog, planned for the model and this machine."""
    recipe, ground, assumed = situation(model, None)
    rows, launchers = technique_matrix(ground), launcher_matrix(recipe, ground)
    if as_json:
        listed = {"techniques": rows, "launchers": launchers}
        write_json({"assumed": assumed, **{name: [row.model_dump(mode="json") for row in each] for name, each in listed.items()}})
        return 0
    for sentence in assumed:
        say(sentence, "yellow")
    table("", ["id", "technique", "trains", "memory", "merge", "ONNX", "works here"], [
        [row.id, row.label, f"{row.trainable_parameters:,}", size(row.memory_bytes), _yes(row.can_merge), _yes(row.can_export),
         _yes(row.works_here)]
        for row in rows
    ])  # fmt: skip
    for row in rows:
        tell("")
        tell(f"{row.label}: {row.summary}")
        tell(f"  When: {row.when}")
        tell(f"  Costs: {row.costs}")
        tell(f"  Options: {', '.join(f'{option.name} ({option.default})' for option in row.options) or 'none'}")
        tell(f"  Launchers: {', '.join(row.launchers)}")
        tell(f"  Here: {row.reason}")
    _show_launchers(launchers)
    return 0


def _show_launchers(rows: Sequence[LauncherRow]) -> None:
    tell("")
    table("", ["launcher", "", "processes", "memory", "works here"], [
        [row.id, row.label, str(row.processes), size(row.memory_bytes), _yes(row.works_here)] for row in rows
    ])  # fmt: skip
    for row in rows:
        tell("")
        tell(f"{row.label}: {row.summary} {row.when}".rstrip())
        tell(f"  With LoRA here: {row.reason or row.buys}")


def _yes(can: bool) -> str:
    return "yes" if can else "no"
