"""Where a chunked body ends (RFC 9112, section 7.1), found as it comes in."""

import re

_SIZE = re.compile(rb"[0-9a-fA-F]{1,8}[ \t]*(;|\Z)")
_LONGEST_LINE = 8192
_LONGEST_TRAILERS = 32 * 1024
_MOST_CHUNKS = 16 * 1024
"""Of a byte each they cost a parser a second; a body of 1 MiB in packets of the smallest size has fewer."""


class ChunkedEnd:
    """Tells when a buffer holds a whole chunked body of at most `largest` bytes, or one that is not worth waiting for.

    A body that is malformed or too large counts as whole: gunicorn's parser, which alone decides what the body is,
    and the app refuse it. A wrong answer here can end in a 400, never in another reading of the bytes.
    """

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._at = 0
        self._size = 0
        self._chunks = 0
        self._in_trailers = False
        self.is_whole = False
        """Whether the end has been found; else the body is given up, once `is_in` says that it is in."""

    def is_in(self, buffer: bytearray) -> bool:
        """Return whether the body is whole. The buffer begins with the body, and only grows between two calls."""
        while not self._in_trailers:
            end = buffer.find(b"\r\n", self._at, self._at + _LONGEST_LINE)
            if end < 0:
                line = buffer[self._at :]
                return b"\n" in line or len(line) >= _LONGEST_LINE
            size = _size_in(buffer[self._at : end])
            if size is None:
                return True
            if size == 0:
                self._in_trailers, self._at = True, end
                break
            after = end + 2 + size + 2
            if after > len(buffer):
                return self._is_too_much(len(buffer) - end - 4, raw=len(buffer))
            self._size, self._chunks, self._at = self._size + size, self._chunks + 1, after
            if buffer[after - 2 : after] != b"\r\n" or self._is_too_much(0, raw=after):
                return True
        trailers = buffer[self._at : self._at + _LONGEST_TRAILERS]
        self.is_whole = b"\r\n\r\n" in trailers
        is_malformed = trailers.count(b"\n") != trailers.count(b"\r\n")
        return self.is_whole or is_malformed or len(trailers) == _LONGEST_TRAILERS

    def _is_too_much(self, more: int, *, raw: int) -> bool:
        return self._size + more > self._largest or raw > 2 * self._largest or self._chunks > _MOST_CHUNKS


def _size_in(line: bytearray) -> int | None:
    said = _SIZE.match(bytes(line))
    return int(said[0].rstrip(b" \t;"), 16) if said else None
