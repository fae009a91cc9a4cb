"""How long the server waits for its clients, and how much it keeps for them."""

import resource

HEAD_SECONDS = 10.0
"""From the first byte of a request to the end of its head; for a connection's first request, from its acceptance."""
BODY_SECONDS = 30.0
"""From the end of the head to the end of the body."""
READ_SECONDS = 30.0
"""For which a client may read nothing of its answer."""
CLOSE_SECONDS = 2.0
"""For which a client may go on sending after the last answer, lest the kernel drops the answer with the connection."""
STOP_SECONDS = 5.0
"""For which a process that stops still waits for its clients; for its threads it waits as long as gunicorn lets it."""
MOST_HELD = 64 * 1024 * 1024
"""Bytes of requests under way and of unread answers in one process."""
LOOK_EVERY = 0.25
"""Seconds between two looks at the deadlines."""
_SPARE_DESCRIPTORS = 128
"""For everything that is no client: database connections, logs, listeners."""


def most_connections() -> int:
    """Raise the limit of open files as far as the process may, and return how many connections that leaves room for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(hard if hard != resource.RLIM_INFINITY else 65_536, 65_536)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    return max(soft, wanted) - _SPARE_DESCRIPTORS
