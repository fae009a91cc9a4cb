"""A non-blocking socket with buffers for received, unparsed bytes and for unsent bytes."""

import socket
import struct

RECEIVE_BYTES = 64 * 1024
"""Bytes per receive call."""
SEND_THRESHOLD = 256 * 1024
"""Bytes of a response to buffer before sending begins; shorter responses are sent at once."""
KERNEL_SEND_BUFFER = 128 * 1024
"""SO_SNDBUF in bytes; the kernel doubles it. The default would buffer megabytes of an unread response."""
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER on, zero seconds: closing then resets the connection and drops unsent bytes."""


class BufferedSocket:
    """Has the interface of a blocking socket for gunicorn's parser and responses, but never blocks."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_SEND_BUFFER)
        self._socket = sock
        self.incoming = bytearray()
        self._outgoing = bytearray()

    def fileno(self) -> int:
        """Return the file descriptor, for a selector."""
        return self._socket.fileno()

    @property
    def buffered_bytes(self) -> int:
        """Number of bytes in both buffers."""
        return len(self.incoming) + len(self._outgoing)

    @property
    def has_unsent(self) -> bool:
        """Whether there are unsent bytes."""
        return bool(self._outgoing)

    def fill(self) -> bool:
        """Receive once into the buffer. Return False when the client has stopped sending."""
        try:
            data = self._socket.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self.incoming += data
        return bool(data)

    def discard(self) -> bool:
        """Receive once and discard the bytes. Return False when the client has stopped sending."""
        is_open = self.fill()
        self.incoming.clear()
        return is_open

    def recv(self, size: int) -> bytes:
        """Take bytes from the buffer; returns b"" if it is empty, as at the end of a connection."""
        data = bytes(self.incoming[:size])
        del self.incoming[:size]
        return data

    def put_back(self, data: bytes) -> None:
        """Put back bytes that `recv` returned too early."""
        self.incoming[:0] = data

    def sendall(self, data: bytes) -> None:
        """Buffer bytes, and start sending when there are many."""
        self._outgoing += data
        if len(self._outgoing) >= SEND_THRESHOLD:
            self.flush()

    send = sendall

    def flush(self) -> bool:
        """Send without blocking. Return whether any bytes were sent; raises OSError if the connection is lost."""
        if not self._outgoing:
            return False
        try:
            sent = self._socket.send(self._outgoing)
        except BlockingIOError:
            return False
        del self._outgoing[:sent]
        return sent > 0

    def finish_sending(self) -> None:
        """Shut down the sending side; raises OSError if the connection is lost."""
        self._socket.shutdown(socket.SHUT_WR)

    def shutdown(self, _how: int) -> None:
        """Refuse, or gunicorn would block on the client. The event loop closes connections."""
        raise OSError("the event loop closes this connection")

    def close(self) -> None:
        """Do nothing: the event loop closes connections."""

    def really_close(self, *, reset: bool = False) -> None:
        """Close the connection; `reset` drops unsent bytes."""
        if reset:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._socket.close()
