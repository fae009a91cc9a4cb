"""Free loopback ports for private servers."""

import os
import random
import socket
from collections import deque

LOOPBACK = "127.0.0.1"
# Below Linux's ephemeral range: there, a client that keeps connecting to a stopped server can end up connected to
# itself (TCP simultaneous open), and occupies the port that the server needs.
_RANGE = range(20_000, 32_000)
_PARTITIONS = 16
"""Parts of the range. Each process uses one of them, so that concurrent processes rarely choose the same port."""
_recently_used: deque[int] = deque(maxlen=500)
"""Ports that this process has chosen recently; their servers may not listen yet."""


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def free_port(preferred: int | None = None) -> int:
    """The preferred port if it is free, otherwise a random free one."""
    if preferred is not None and is_free(preferred):
        return preferred
    # Not seedable: processes that start together must not choose the same ports.
    chooser, candidates = random.SystemRandom(), _RANGE[os.getpid() % _PARTITIONS :: _PARTITIONS]
    port = next(
        port for port in iter(lambda: chooser.choice(candidates), None) if port not in _recently_used and is_free(port)
    )
    _recently_used.append(port)
    return port
