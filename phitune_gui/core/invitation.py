"""What the first machine of a run asks its person to type on another one, as it stands in the stage of waiting."""

from typing import NamedTuple

_BETWEEN = "; type there: "


class Invitation(NamedTuple):
    """A machine's number from 2, and the command for it."""

    machine: int
    command: str


def write_invitations(invitations: list[Invitation]) -> str:
    """One line each, readable as it is."""
    return "\n".join(f"machine {each.machine}{_BETWEEN}{each.command}" for each in invitations)


def read_invitations(detail: str) -> list[Invitation]:
    """The invitations of such a text; none in another one."""
    found = (line.removeprefix("machine ").partition(_BETWEEN) for line in detail.splitlines())
    return [Invitation(int(machine), command) for machine, between, command in found if between and machine.isdecimal()]
