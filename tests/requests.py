"""Work that results from a request, without HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager

from structlog.contextvars import bound_contextvars

from kit.messaging import causation
from kit.messaging.origin import Origin

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@contextmanager
def in_request(request_id: str, traceparent: str = TRACEPARENT) -> Iterator[None]:
    """Run the block as if a request with this id did it."""
    token = causation.REQUEST.set(Origin(request_id, traceparent))
    try:
        with bound_contextvars(request_id=request_id):
            yield
    finally:
        causation.REQUEST.reset(token)
