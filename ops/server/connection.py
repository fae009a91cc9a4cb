"""The state and deadline of a client's connection."""

import re
from collections.abc import Callable
from enum import Enum
from functools import partial
from math import inf
from typing import Any

from gunicorn.http import Request, get_parser
from gunicorn.http.body import ChunkedReader, LengthReader
from gunicorn.http.errors import InvalidHeader, LimitRequestHeaders, NoMoreData, UnsupportedTransferCoding

from ops.server.buffers import BufferedSocket
from ops.server.chunks import ChunkedBodyEnd

MAX_HEAD_BYTES = 32 * 1024
"""nginx has the same limit."""
_HOST_PATTERN = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]+)(:[0-9]{0,5})?")
"""A host with an optional port (RFC 3986, section 3.2.2)."""


class State(Enum):
    """What a connection waits for."""

    IDLE = "the first byte of the next request"
    HEAD = "the rest of a request's head"
    BODY = "the rest of a request's body"
    SERVED = "a thread that serves its request"
    SENDING = "the client to read the response"
    CLOSING = "the client to close the connection"
    CLOSED = "nothing"


class Connection:
    """One client's connection. gunicorn's worker uses `sock`, `client`, `server` and `parser`."""

    def __init__(self, sock: BufferedSocket, *, client: Any, server: Any, cfg: Any, largest: int, now: float) -> None:
        self.sock = sock
        self.client = client
        self.server = server
        self.parser = get_parser(cfg, sock, client)
        self.state = State.IDLE
        self.idle_since = now
        """When the last response was sent; before that, when the connection was accepted (monotonic seconds)."""
        self.deadline = inf
        self.close_after_response = False
        self.request: Request | None = None
        self._largest = largest
        self._chunks: ChunkedBodyEnd | None = None

    def enter(self, state: State, *, deadline: float = inf) -> None:
        """Change the state, with a deadline (monotonic seconds)."""
        self.state, self.deadline = state, deadline

    @property
    def is_receiving(self) -> bool:
        """Whether received bytes are read."""
        return self.state in (State.IDLE, State.HEAD, State.BODY)

    @property
    def is_evictable(self) -> bool:
        """Whether the connection waits for its client: then closing it interrupts no request that is being served."""
        return self.is_receiving or self.state in (State.SENDING, State.CLOSING)

    def parse_head(self) -> bool:
        """Parse the request's head if it is complete, and return True; otherwise return False and wait for more bytes.

        Raises ParseException if the head is not HTTP/1.x.
        """
        received = self.sock.incoming
        end = received.find(b"\r\n\r\n")
        too_long = (end if end >= 0 else len(received)) > MAX_HEAD_BYTES
        if end < 0 and not too_long and received.count(b"\n") == received.count(b"\r\n"):
            return False
        if too_long and received.find(b"\r\n", 0, MAX_HEAD_BYTES) >= 0:
            raise LimitRequestHeaders("the head is too long")
        try:
            self.request = next(self.parser)
        except (NoMoreData, StopIteration):
            raise InvalidHeader("the end of the head is malformed") from None
        self.sock.put_back(self.parser.unreader.take_buffered())
        self._chunks = None
        _require_host(self.request)
        if isinstance(self.request.body.reader, ChunkedReader):
            _require_chunked_only(self.request)
            self._chunks = ChunkedBodyEnd(self._largest)
        return True

    @property
    def has_body(self) -> bool:
        """Whether the body is complete, or too large to wait for."""
        if self._chunks:
            return self._chunks.is_complete(self.sock.incoming)
        length = self._content_length
        return len(self.sock.incoming) >= length or length > self._largest

    @property
    def _content_length(self) -> int:
        assert self.request is not None
        reader = self.request.body.reader
        return reader.length if isinstance(reader, LengthReader) else 0

    def expects_continue(self) -> bool:
        """Whether the client waits for 100 Continue before the body (RFC 9110, section 10.1.1). True only once."""
        assert self.request is not None
        expects = self.request._expected_100_continue  # noqa: SLF001 - there is no public attribute
        self.request._expected_100_continue = False  # noqa: SLF001 - or the thread would send it again
        return expects

    def take_request(self) -> Request:
        """Return the request for serving. It is the connection's last one if its body is incomplete."""
        assert self.request is not None
        request = self.request
        is_truncated = not self._chunks.is_whole if self._chunks else len(self.sock.incoming) < self._content_length
        request.should_close = partial(
            _should_close, request, is_truncated=is_truncated, gunicorn_closes=request.should_close
        )
        return request

    def finish_request(self) -> None:
        """Prepare for the next request; bytes of it that were already received go back into the buffer."""
        self.sock.put_back(self.parser.unreader.take_buffered())
        self.request = None
        self._chunks = None


def _require_host(request: Request) -> None:
    """Raise InvalidHeader unless the request has a valid Host, which HTTP/1.1 requires (RFC 9112, section 3.2).

    gunicorn refuses duplicate Host headers itself.
    """
    host = next((value for name, value in request.headers if name == "HOST"), None)
    if host is None and request.version < (1, 1):
        return
    if not _HOST_PATTERN.fullmatch(host or ""):
        raise InvalidHeader("Host")


def _require_chunked_only(request: Request) -> None:
    """Raise UnsupportedTransferCoding for codings that gunicorn would not decode, such as gzip."""
    for name, value in request.headers:
        if name == "TRANSFER-ENCODING" and value.lower() != "chunked":
            raise UnsupportedTransferCoding("only chunked is supported")


def _should_close(request: Request, *, is_truncated: bool, gunicorn_closes: Callable[[], bool]) -> bool:
    """Whether the connection closes after this request: gunicorn would close it, or the next one's start is unknown."""
    return is_truncated or request.body.failed or gunicorn_closes()
