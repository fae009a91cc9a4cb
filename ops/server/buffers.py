"""A non-blocking socket with a buffer on either side: what has come in and is not parsed, what is not sent yet."""

import socket
import struct

RECEIVE = 64 * 1024
"""Bytes to receive at once."""
SEND_EVERY = 256 * 1024
"""Bytes of an answer to collect before the socket is offered some: less than that goes out in one piece."""
KERNEL_SENDS = 128 * 1024
"""Bytes of an answer that the kernel may keep, which doubles it; by itself it keeps megabytes of what nobody reads."""
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER on, zero seconds: closing then drops what the kernel still has to send."""


class BufferedSocket:
    """Looks like a blocking socket to gunicorn's parser and responses, and never blocks them."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_SENDS)
        self._socket = sock
        self.incoming = bytearray()
        self._outgoing = bytearray()

    def fileno(self) -> int:
        """Return the file descriptor, for a selector."""
        return self._socket.fileno()

    @property
    def held(self) -> int:
        """Bytes in both buffers."""
        return len(self.incoming) + len(self._outgoing)

    @property
    def unsent(self) -> bool:
        """Whether bytes wait to be sent."""
        return bool(self._outgoing)

    def fill(self) -> bool:
        """Receive once into the buffer. Return False when the client will send no more."""
        try:
            data = self._socket.recv(RECEIVE)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self.incoming += data
        return bool(data)

    def discard(self) -> bool:
        """Receive once and drop it. Return False when the client will send no more."""
        going_on = self.fill()
        self.incoming.clear()
        return going_on

    def recv(self, size: int) -> bytes:
        """Take bytes from the buffer; none are left when it is empty, as at a connection's end."""
        data = bytes(self.incoming[:size])
        del self.incoming[:size]
        return data

    def put_back(self, data: bytes) -> None:
        """Return bytes that `recv` gave out too early."""
        self.incoming[:0] = data

    def sendall(self, data: bytes) -> None:
        """Buffer bytes to be sent, and send some once there are many."""
        self._outgoing += data
        if len(self._outgoing) >= SEND_EVERY:
            self.flush()

    send = sendall

    def flush(self) -> bool:
        """Send what the client takes now. Return whether it took any; raises OSError when the connection is lost."""
        if not self._outgoing:
            return False
        try:
            sent = self._socket.send(self._outgoing)
        except BlockingIOError:
            return False
        del self._outgoing[:sent]
        return sent > 0

    def finish_sending(self) -> None:
        """Tell the client that no more will be sent; raises OSError when the connection is lost."""
        self._socket.shutdown(socket.SHUT_WR)

    def shutdown(self, _how: int) -> None:
        """Refuse: gunicorn would go on to wait for the client. The event loop closes connections."""
        raise OSError("the event loop closes this connection")

    def close(self) -> None:
        """Do nothing: the event loop closes connections."""

    def really_close(self, *, reset: bool = False) -> None:
        """Close the connection; `reset` drops what the kernel has not sent."""
        if reset:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._socket.close()
