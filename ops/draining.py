"""How a process of the API begins, and how it ends.

It ends having finished what it has in hand, and whoever comes meanwhile is turned to another.
"""

from collections.abc import Callable
from functools import partial
from math import inf
from typing import Any

from gunicorn.http import Request
from gunicorn.http.body import Body, ChunkedReader
from gunicorn.workers.gthread import ThreadWorker

from kit import garbage

SKIPPED = 64 * 1024
"""Bytes of a body that nobody has read, from which on gunicorn rather ends the connection than skip them."""


class DrainingWorker(ThreadWorker):
    """Stops listening before it finishes what it has in hand.

    gunicorn's own stops accepting only: whoever connects then waits in vain, and is cut off at last. Refused at once,
    nginx goes to another container, with a POST, too, for nothing of it was sent.
    """

    def load_wsgi(self) -> None:
        """Load the app (gunicorn's own step, its last before it serves)."""
        super().load_wsgi()
        garbage.spare_what_stays()

    def handle_request(self, req: Request, conn: Any) -> Any:
        """Answer a request (gunicorn's own step), and say so when the connection ends with the answer."""
        req.should_close = partial(_ends_with, req, as_told=req.should_close)
        return super().handle_request(req, conn)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Accept connections or not (gunicorn's own step, its last with False)."""
        super().set_accept_enabled(enabled)
        if not self.alive:
            for listening in self.sockets:
                listening.close()


def _ends_with(req: Request, *, as_told: Callable[[], bool]) -> bool:
    """Whether the request is its connection's last: because somebody said so, or for what is left of its body."""
    return as_told() or req.body.failed or _left(req.body) >= SKIPPED


def _left(body: Body) -> float:
    """Bytes that nobody has read; of chunks, nobody knows how many will come."""
    if isinstance(body.reader, ChunkedReader):
        return 0 if body.reader.parser is None else inf
    return body.reader.length + body.buf.tell()
