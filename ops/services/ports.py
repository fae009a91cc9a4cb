"""Loopback ports for what this machine runs privately."""

import os
import random
import socket
from collections import deque

LOOPBACK = "127.0.0.1"
# Below Linux's ephemeral range: a client that keeps dialling a stopped service there can end up connected to
# itself (TCP simultaneous open) and hold the very port the service wants back.
_RANGE = range(20_000, 32_000)
_SHARES = 16
"""Of the range. A process draws from one of them, so that two that draw at the same moment rarely draw the same."""
_drawn: deque[int] = deque(maxlen=500)
"""What this process has drawn of late, for servers that may not listen yet."""


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
    """The preferred port when nobody listens there, else a random free one."""
    if preferred is not None and is_free(preferred):
        return preferred
    # Not seedable: processes that start together must not draw the same ports.
    draw, share = random.SystemRandom(), _RANGE[os.getpid() % _SHARES :: _SHARES]
    port = next(port for port in iter(lambda: draw.choice(share), None) if port not in _drawn and is_free(port))
    _drawn.append(port)
    return port
