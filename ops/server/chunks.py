"""Finds the end of a chunked body (RFC 9112, section 7.1) while it is received."""

import re

_SIZE_PATTERN = re.compile(rb"[0-9a-fA-F]{1,8}[ \t]*(;|\Z)")
_MAX_LINE = 8192
_MAX_TRAILERS = 32 * 1024
_MAX_CHUNKS = 16 * 1024
"""As many 1-byte chunks take a second to parse; a body of 1 MiB in the smallest packets has fewer."""


class ChunkedBodyEnd:
    """Detects when a buffer contains a complete chunked body of at most `largest` bytes, or an invalid one.

    A malformed or too large body counts as complete: gunicorn's parser, which alone interprets the body, or the app
    refuses it. An error here can cause a 400, but never another interpretation of the bytes.
    """

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._position = 0
        self._size = 0
        self._chunks = 0
        self._in_trailers = False
        self.is_whole = False
        """Whether the end was found. If `is_complete` returns True without it, the body is invalid or too large."""

    def is_complete(self, buffer: bytearray) -> bool:
        """Whether the body is complete. The buffer begins with the body, and only grows between two calls."""
        while not self._in_trailers:
            end = buffer.find(b"\r\n", self._position, self._position + _MAX_LINE)
            if end < 0:
                line = buffer[self._position :]
                return b"\n" in line or len(line) >= _MAX_LINE
            size = _size_in(buffer[self._position : end])
            if size is None:
                return True
            if size == 0:
                self._in_trailers, self._position = True, end
                break
            after = end + 2 + size + 2
            if after > len(buffer):
                return self._is_too_large(len(buffer) - end - 4, raw=len(buffer))
            self._size, self._chunks, self._position = self._size + size, self._chunks + 1, after
            if buffer[after - 2 : after] != b"\r\n" or self._is_too_large(0, raw=after):
                return True
        trailers = buffer[self._position : self._position + _MAX_TRAILERS]
        self.is_whole = b"\r\n\r\n" in trailers
        is_malformed = trailers.count(b"\n") != trailers.count(b"\r\n")
        return self.is_whole or is_malformed or len(trailers) == _MAX_TRAILERS

    def _is_too_large(self, more: int, *, raw: int) -> bool:
        return self._size + more > self._largest or raw > 2 * self._largest or self._chunks > _MAX_CHUNKS


def _size_in(line: bytearray) -> int | None:
    match = _SIZE_PATTERN.match(bytes(line))
    return int(match[0].rstrip(b" \t;"), 16) if match else None
