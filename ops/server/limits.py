"""Timeouts (seconds) and memory limits of the server."""

import resource

HEAD_TIMEOUT = 10.0
"""From the first byte of a request to the end of its head; for a connection's first request, from its acceptance."""
BODY_TIMEOUT = 30.0
"""From the end of a request's head to the end of its body."""
READ_TIMEOUT = 30.0
"""For a client that reads nothing of its response."""
CLOSE_TIMEOUT = 2.0
"""For a client that keeps sending after the last response; closing earlier could drop the response."""
STOP_TIMEOUT = 5.0
"""For clients when the process stops; for its threads, gunicorn's graceful timeout counts."""
MAX_BUFFERED_BYTES = 64 * 1024 * 1024
"""Limit of the memory for incomplete requests and unread responses in one process."""
DEADLINE_CHECK_INTERVAL = 0.25
"""Between two checks of the deadlines."""
_SPARE_DESCRIPTORS = 128
"""Reserved for database connections, logs and listeners."""


def max_connections() -> int:
    """Raise the limit of open files to its maximum, and return the number of connections that it allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = min(hard if hard != resource.RLIM_INFINITY else 65_536, 65_536)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, limit), hard))
    return max(soft, limit) - _SPARE_DESCRIPTORS
