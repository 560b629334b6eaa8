"""What this machine knows of the way to another one: its number, and the network interface that leads there."""

import socket

import psutil

from phitune_gui.core.address import Address


def why_unknown(address: Address) -> str:
    """Why the system has no number for the name of that machine; empty when it has."""
    try:
        socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except OSError as error:
        return (error.strerror or "it is unknown").lower()
    return ""


def interface_to(address: Address) -> str:
    """Name of the interface whose own address the system would use to reach `address`; empty when that is not known."""
    try:
        family, _kind, protocol, _name, place = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, socket.SOCK_DGRAM, protocol) as unused:
            unused.connect(place)  # sends nothing; only asks the system for a route
            own = unused.getsockname()[0]
    except OSError:
        return ""
    found = psutil.net_if_addrs().items()
    exact = (name for name, known in found if any(each.address.partition("%")[0] == own for each in known))
    # The whole of 127.0.0.0/8 belongs to the loopback interface, which lists its first address only.
    loopback = (name for name, known in found if own.startswith("127.") and any(each.address == "127.0.0.1" for each in known))
    return next(exact, next(loopback, ""))
