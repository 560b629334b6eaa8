"""Counts the network connections of this window and its workers, so that Offline is measured and not claimed."""

import ipaddress

import psutil


def count_connections() -> int:
    """Connections to other machines that are open now; loopback does not count, what may not be asked counts nothing."""
    return sum(_of(process) for process in _family())


def _family() -> list[psutil.Process]:
    me = psutil.Process()
    try:
        return [me, *me.children(recursive=True)]
    except psutil.Error:
        return [me]


def _of(process: psutil.Process) -> int:
    try:
        connections = process.net_connections(kind="inet")
    except (psutil.Error, OSError):
        return 0
    return sum(bool(c.raddr) and not ipaddress.ip_address(c.raddr.ip).is_loopback for c in connections)
