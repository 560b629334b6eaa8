"""An adapter that was taken over, told by the command line."""

from phitune_gui.core.adapter import AdapterVerdict


def adapter_rows(verdict: AdapterVerdict) -> list[list[str]]:
    """What is known of an adapter that was taken over, for a table of two columns."""
    return [
        ["technique", verdict.technique.id if verdict.technique else ""],
        ["rank", str(verdict.rank or "none")],
        ["layers", str(verdict.layers)],
        ["parameters", f"{verdict.parameters:,}"],
        ["imported from", verdict.path],
        ["SHA-256 of the weights", verdict.sha256],
    ]
