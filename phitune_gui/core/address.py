"""A place in the network, as people write it: `192.168.1.5:29500`, `box.local:29500`, `[fd00::1]:29500` or `[fe80::1%eth0]:29500`."""

import re
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address
from socket import inet_aton
from typing import NamedTuple

_WRITTEN = re.compile(r"(?:\[([0-9a-fA-F:.]+(?:%[A-Za-z0-9._-]{1,63})?)\]|([A-Za-z0-9._-]+)):(\d{1,5})")
"""What stands behind `%` is this machine's own interface to the network that a number beginning with fe80 is used in."""
_OLD_NUMBER = re.compile(r"(?:0x[0-9a-f]*|\d+)(?:\.(?:0x[0-9a-f]*|\d+)){0,3}", re.IGNORECASE)
"""What the system reads as an IPv4 number beside the usual four parts: `0`, `0x7f000001`, `224.1`."""
_BROADCAST = IPv4Address("255.255.255.255")


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
    found = _number(number)
    if found is not None:
        _require_one_machine(host, found)
    elif written[1]:
        raise ValueError(f"{number} is no number of a machine.")
    if not 1024 <= port <= 65535:
        raise ValueError(f"{port} is no port that a program may open; choose one from 1024 to 65535.")
    return Address(host, port)


def _number(text: str) -> IPv4Address | IPv6Address | None:
    """What the system would take the text for; None for a name. Raises ValueError for four parts that are no number."""
    with suppress(ValueError):
        found = ip_address(text)
        return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
    if _OLD_NUMBER.fullmatch(text) is None:
        return None
    try:
        return IPv4Address(inet_aton(text))
    except OSError as error:
        raise ValueError(f"{text} is no number of a machine: each part goes from 0 to 255.") from error


def _require_one_machine(host: str, found: IPv4Address | IPv6Address) -> None:
    if found.is_unspecified:
        raise ValueError(f"{host} would listen on every network of this machine; name the one address that the other machines reach.")
    if found.is_multicast or found == _BROADCAST:
        raise ValueError(f"{host} stands for many machines; name the one address that the other machines reach.")
