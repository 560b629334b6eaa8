"""A port that nobody listens on right now."""

import socket


def free_port(host: str = "127.0.0.1") -> int:
    """The port; somebody may take it before it is used, which no test has seen yet."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
