"""A client's connection: where it stands between two requests, and until when."""

import re
from enum import Enum
from functools import partial
from math import inf
from typing import Any

from gunicorn.http import Request, get_parser
from gunicorn.http.body import ChunkedReader, LengthReader
from gunicorn.http.errors import InvalidHeader, LimitRequestHeaders, NoMoreData, UnsupportedTransferCoding

from ops.server.buffers import BufferedSocket
from ops.server.chunks import ChunkedEnd

LONGEST_HEAD = 32 * 1024
"""Bytes; nginx takes no longer ones either."""
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]+)(:[0-9]{0,5})?")
"""A host with or without a port (RFC 3986, section 3.2.2)."""


class State(Enum):
    """What a connection waits for."""

    IDLE = "the next request, of which nothing has come"
    HEAD = "the rest of a request's head"
    BODY = "the rest of a request's body"
    SERVED = "a thread that serves its request"
    SENDING = "its client, to read the answer"
    CLOSING = "its client, to close it, too"
    CLOSED = "nothing"


class Connection:
    """One client's connection, with what gunicorn's worker wants of one: `sock`, `client`, `server`, `parser`."""

    def __init__(self, sock: BufferedSocket, *, client: Any, server: Any, cfg: Any, largest: int, now: float) -> None:
        self.sock = sock
        self.client = client
        self.server = server
        self.parser = get_parser(cfg, sock, client)
        self.state = State.IDLE
        self.since = now
        """When its last answer was sent; before that, when it was accepted."""
        self.deadline = inf
        self.closes = False
        self.request: Request | None = None
        self._largest = largest
        self._chunks: ChunkedEnd | None = None

    def enter(self, state: State, *, deadline: float = inf) -> None:
        """Wait for something else, until `deadline` (monotonic seconds)."""
        self.state, self.deadline = state, deadline

    @property
    def is_receiving(self) -> bool:
        """Whether bytes that come are read."""
        return self.state in (State.IDLE, State.HEAD, State.BODY)

    @property
    def is_evictable(self) -> bool:
        """Whether it waits for its client, so that closing it takes nothing from a request that is served."""
        return self.is_receiving or self.state in (State.SENDING, State.CLOSING)

    def parse_head(self) -> bool:
        """Parse the head once it is whole. Return whether it is; raises ParseException when it is no HTTP/1.x."""
        received = self.sock.incoming
        end = received.find(b"\r\n\r\n")
        too_long = (end if end >= 0 else len(received)) > LONGEST_HEAD
        if end < 0 and not too_long and received.count(b"\n") == received.count(b"\r\n"):
            return False
        if too_long and received.find(b"\r\n", 0, LONGEST_HEAD) >= 0:
            raise LimitRequestHeaders("the head is too long")
        try:
            self.request = next(self.parser)
        except (NoMoreData, StopIteration):
            raise InvalidHeader("the head does not end as it began") from None
        self.sock.put_back(self.parser.unreader.take_buffered())
        self._chunks = None
        _require_host(self.request)
        if isinstance(self.request.body.reader, ChunkedReader):
            _refuse_other_codings(self.request)
            self._chunks = ChunkedEnd(self._largest)
        return True

    @property
    def has_body(self) -> bool:
        """Whether the body is whole, or too large to be worth waiting for."""
        if self._chunks:
            return self._chunks.is_in(self.sock.incoming)
        length = self._announced
        return len(self.sock.incoming) >= length or length > self._largest

    @property
    def _announced(self) -> int:
        assert self.request is not None
        reader = self.request.body.reader
        return reader.length if isinstance(reader, LengthReader) else 0

    def asks_whether_to_go_on(self) -> bool:
        """Whether the client waits for 100 Continue before it sends the body (RFC 9110, section 10.1.1); once."""
        assert self.request is not None
        asks = self.request._expected_100_continue  # noqa: SLF001 - gunicorn keeps it nowhere else
        self.request._expected_100_continue = False  # noqa: SLF001 - or it would be told again by the thread
        return asks

    def hand_over(self) -> Request:
        """Return the request, to be served now. It is the last one when the rest of its body is not waited for."""
        assert self.request is not None
        request = self.request
        cut = not self._chunks.is_whole if self._chunks else len(self.sock.incoming) < self._announced
        request.should_close = partial(_ends_with, request, cut=cut, as_said=request.should_close)
        return request

    def forget_request(self) -> None:
        """Be ready for the next one; what has come of it already is put back into the buffer."""
        self.sock.put_back(self.parser.unreader.take_buffered())
        self.request = None
        self._chunks = None


def _require_host(request: Request) -> None:
    """Raise InvalidHeader unless the request names a host, as HTTP/1.1 must (RFC 9112, section 3.2).

    gunicorn refuses two of them itself.
    """
    host = next((value for name, value in request.headers if name == "HOST"), None)
    if host is None and request.version < (1, 1):
        return
    if not _HOST.fullmatch(host or ""):
        raise InvalidHeader("Host")


def _refuse_other_codings(request: Request) -> None:
    """Raise UnsupportedTransferCoding for what gunicorn would hand to the app as it came, compressed, say."""
    for name, value in request.headers:
        if name == "TRANSFER-ENCODING" and value.lower() != "chunked":
            raise UnsupportedTransferCoding("chunked alone is supported")


def _ends_with(request: Request, *, cut: bool, as_said: Any) -> bool:
    """Whether the request is its connection's last: the client said so, or where the next one begins is not known."""
    return cut or request.body.failed or as_said()
