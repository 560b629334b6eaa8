"""A place in the network, as people write it: `192.168.1.5:29500`, `box.local:29500`, `[fd00::1]:29500` or `[fe80::1%eth0]:29500`."""

import re
from ipaddress import IPv4Address
from typing import NamedTuple

_WRITTEN = re.compile(r"(?:\[([0-9a-fA-F:.]+(?:%[A-Za-z0-9._-]{1,63})?)\]|([A-Za-z0-9._-]+)):(\d{1,5})")
"""What stands behind `%` is this machine's own interface to the network that a number beginning with fe80 is used in."""
_EVERYWHERE = re.compile(r"[0.:]+(?:ffff:[0.:]+)?|(?:0x0+|0+)(?:\.(?:0x0+|0+)){0,3}", re.IGNORECASE)
"""All the ways to write the number that means every network: `0.0.0.0`, `0`, `0x0`, `::`, `::0`, `::ffff:0.0.0.0`."""


class Address(NamedTuple):
    """Name or number of a machine, and a port from 1024 to 65535."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def read_address(text: str) -> Address:
    """The address of a text. Raises ValueError with a sentence that says what is wrong with it."""
    written = _WRITTEN.fullmatch(text.strip())
    if written is None:
        raise ValueError(f"{text!r} is no address: it must be a machine and a port, such as 192.168.1.5:29500.")
    host, port = written[1] or written[2], int(written[3])
    number, _, _interface = host.partition("%")
    if ".." in number or number.startswith((".", "-")) or any(len(part) > 63 for part in number.split(".")):
        raise ValueError(f"{host[:80]!r} is no name of a machine.")
    if _EVERYWHERE.fullmatch(number):
        raise ValueError(f"{host} would listen on every network of this machine; name the one address that the other machines reach.")
    if all(part.isdigit() for part in number.split(".")) and number.count(".") == 3:
        _require_one_machine(number)
    if not 1024 <= port <= 65535:
        raise ValueError(f"{port} is no port that a program may open; choose one from 1024 to 65535.")
    return Address(host, port)


def _require_one_machine(number: str) -> None:
    """ValueError for four parts that are no number of a machine, or that of many."""
    try:
        found = IPv4Address(number)
    except ValueError as error:
        raise ValueError(f"{number} is no number of a machine: each part goes from 0 to 255.") from error
    if found.is_multicast or number == "255.255.255.255":
        raise ValueError(f"{number} stands for many machines; name the one address that the other machines reach.")
