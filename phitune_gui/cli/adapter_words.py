"""An adapter that was taken over, told by the command line."""

from phitune_gui.core.adapter import AdapterVerdict


def rank_of(verdict: AdapterVerdict) -> int | None:
    """The rank, where the technique has one."""
    rank = verdict.technique.options.get("rank") if verdict.technique else None
    return rank if isinstance(rank, int) else None


def adapter_rows(verdict: AdapterVerdict) -> list[list[str]]:
    """What is known of an adapter that was taken over, for a table of two columns."""
    return [
        ["technique", verdict.technique.id if verdict.technique else ""],
        ["rank", str(rank_of(verdict) or "none")],
        ["layers", str(verdict.layers)],
        ["parameters", f"{verdict.parameters:,}"],
        ["imported from", verdict.path],
        ["SHA-256 of the weights", verdict.sha256],
    ]
