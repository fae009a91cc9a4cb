"""A TCP proxy in front of a server, which can break its connections, stall them, or switch to another server."""

import asyncio
import socket
import struct
from collections.abc import Coroutine
from threading import Thread
from typing import Any

from ops.services.ports import LOOPBACK, free_port

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class TcpProxy:
    """Forwards TCP connections from a free loopback port to another one, on a separate thread."""

    def __init__(self, target_port: int) -> None:
        self.port = free_port()
        self.target_port = target_port
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name=f"proxy to {target_port}", daemon=True)
        self._server: asyncio.Server | None = None
        self._ends: set[_End] = set()
        self._hanging = False

    def reroute(self, url: str) -> str:
        """Replace the server's address in the URL by the proxy's. A URL of another server is returned unchanged."""
        return url.replace(f"{LOOPBACK}:{self.target_port}", f"{LOOPBACK}:{self.port}")

    def start(self) -> None:
        """Start forwarding."""
        self._thread.start()
        self.restore()

    def stop(self) -> None:
        """Stop permanently; harmless if it was never started."""
        if self._thread.is_alive():
            self.cut()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._loop.close()

    def cut(self) -> None:
        """Break every connection and refuse new ones."""
        self._run_in_loop(self._cut())

    def hang(self) -> None:
        """Forward nothing in either direction, but keep connections open and accept new ones."""
        self._run_in_loop(self._set_hanging(True))

    def restore(self) -> None:
        """Forward everything again, including data that was sent during the hang."""
        self._run_in_loop(self._restore())

    def set_target(self, port: int) -> None:
        """Forward new connections to this loopback port; existing connections are not changed."""
        self.target_port = port

    def _run_in_loop(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _cut(self) -> None:
        if self._server:
            self._server.close()
            self._server = None
        for end in set(self._ends):
            end.reset()
        await asyncio.sleep(0)  # lets the ends process connection_lost

    async def _set_hanging(self, hanging: bool) -> None:
        self._hanging = hanging
        for end in self._ends:
            end.set_reading(not hanging)

    async def _restore(self) -> None:
        await self._set_hanging(False)
        if self._server is None:
            self._server = await self._loop.create_server(self._accept, LOOPBACK, self.port)

    def _accept(self) -> "_End":
        end = _End(self._ends)
        self._loop.create_task(self._connect(end)).add_done_callback(lambda task: task.exception())
        return end

    async def _connect(self, near: "_End") -> None:
        try:
            _, far = await self._loop.create_connection(lambda: _End(self._ends), LOOPBACK, self.target_port)
        except OSError:
            near.reset()
            return
        near.pair(far, reading=not self._hanging)


class _End(asyncio.Protocol):
    """One end of a forwarded connection. It starts reading when it has a peer."""

    def __init__(self, ends: "set[_End]") -> None:
        self.transport: asyncio.Transport
        self._ends = ends
        self.peer: _End | None = None

    def pair(self, far: "_End", *, reading: bool) -> None:
        self.peer, far.peer = far, self
        for end in (self, far):
            end.set_reading(reading)
        if self.transport.is_closing():
            far.reset()

    def set_reading(self, reading: bool) -> None:
        if self.peer is None or self.transport.is_closing():
            return
        if reading:
            self.transport.resume_reading()
        else:
            self.transport.pause_reading()

    def reset(self) -> None:
        """Reset the connection, so that the client gets an error instead of an orderly close."""
        connection = self.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._ends.add(self)
        # Deferred: Python 3.11.2 starts reading after this call, even if it was paused in it.
        asyncio.get_running_loop().call_soon(self._pause_until_paired)

    def _pause_until_paired(self) -> None:
        if self.peer is None and not self.transport.is_closing():
            self.transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        assert self.peer
        self.peer.transport.write(data)

    def connection_lost(self, _error: Exception | None) -> None:
        self._ends.discard(self)
        if self.peer:
            self.peer.transport.close()
