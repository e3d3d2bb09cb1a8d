"""A port that nobody uses, for a program that is about to listen there."""

import socket


def find(host: str = "127.0.0.1") -> int:
    """Let the system choose a port of this address."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
