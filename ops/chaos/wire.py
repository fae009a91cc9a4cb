"""A TCP proxy between the stack's processes and one of its servers: it can be cut, hang, or lead to another server."""

import asyncio
import socket
import struct
from collections.abc import Coroutine
from threading import Thread
from typing import Any

from ops.services.ports import LOOPBACK, free_port

_LINGER_NOT = struct.pack("ii", 1, 0)


class Wire:
    """Forwards TCP connections from a loopback port of its own to another one, on a thread of its own."""

    def __init__(self, to_port: int) -> None:
        self.port = free_port()
        self.to_port = to_port
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name=f"wire to {to_port}", daemon=True)
        self._server: asyncio.Server | None = None
        self._ends: set[_End] = set()
        self._hangs = False

    def through(self, url: str) -> str:
        """The URL with this wire's port, if it names the port that the wire leads to."""
        return url.replace(f"{LOOPBACK}:{self.to_port}", f"{LOOPBACK}:{self.port}")

    def open(self) -> None:
        """Begin to forward."""
        self._thread.start()
        self.restore()

    def close(self) -> None:
        """End for good; harmless when it was never opened."""
        if self._thread.is_alive():
            self.cut()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._loop.close()

    def cut(self) -> None:
        """Break every connection and refuse new ones."""
        self._do(self._cut())

    def hang(self) -> None:
        """Carry nothing any more, in either direction, and break nothing; connections are made and stay silent."""
        self._do(self._set_hanging(True))

    def restore(self) -> None:
        """Carry everything again, what was sent while the wire hung included."""
        self._do(self._restore())

    def lead_to(self, port: int) -> None:
        """Carry connections that are made from now on to this loopback port; those there are stay where they are."""
        self.to_port = port

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _cut(self) -> None:
        if self._server:
            self._server.close()
            self._server = None
        for end in set(self._ends):
            end.reset()
        await asyncio.sleep(0)  # lets the ends hear of it

    async def _set_hanging(self, hangs: bool) -> None:
        self._hangs = hangs
        for end in self._ends:
            end.listen(not hangs)

    async def _restore(self) -> None:
        await self._set_hanging(False)
        if self._server is None:
            self._server = await self._loop.create_server(self._accepted, LOOPBACK, self.port)

    def _accepted(self) -> "_End":
        end = _End(self._ends)
        self._loop.create_task(self._connect(end)).add_done_callback(lambda task: task.exception())
        return end

    async def _connect(self, near: "_End") -> None:
        try:
            _, far = await self._loop.create_connection(lambda: _End(self._ends), LOOPBACK, self.to_port)
        except OSError:
            near.reset()
            return
        near.pair(far, listening=not self._hangs)


class _End(asyncio.Protocol):
    """One end of a forwarded connection; it listens once it knows its peer."""

    def __init__(self, ends: "set[_End]") -> None:
        self.transport: asyncio.Transport
        self._ends = ends
        self.peer: _End | None = None

    def pair(self, far: "_End", *, listening: bool) -> None:
        self.peer, far.peer = far, self
        for end in (self, far):
            end.listen(listening)
        if self.transport.is_closing():
            far.reset()

    def listen(self, listening: bool) -> None:
        if self.peer is None or self.transport.is_closing():
            return
        if listening:
            self.transport.resume_reading()
        else:
            self.transport.pause_reading()

    def reset(self) -> None:
        """Break the connection, so that whoever is on it gets an error instead of an end."""
        connection = self.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._ends.add(self)
        # Not at once: Python 3.11.2 begins to read after this call, whatever was said in it.
        asyncio.get_running_loop().call_soon(self._wait_for_a_peer)

    def _wait_for_a_peer(self) -> None:
        if self.peer is None and not self.transport.is_closing():
            self.transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        assert self.peer
        self.peer.transport.write(data)

    def connection_lost(self, _error: Exception | None) -> None:
        self._ends.discard(self)
        if self.peer:
            self.peer.transport.close()
