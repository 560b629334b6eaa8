"""How the folder of a checkpoint is named, and which step such a name stands for."""

import re

_NAME = re.compile(r"step-([0-9]{6,12})")


def checkpoint_name(step: int) -> str:
    """The name of the folder of `step`'s checkpoint."""
    return f"step-{step:06d}"


def checkpoint_step(name: str) -> int | None:
    """The step of a checkpoint's folder; None for a name that PhiTune did not give, as a copy made by a person has."""
    found = _NAME.fullmatch(name)
    return int(found[1]) if found and checkpoint_name(int(found[1])) == name else None
