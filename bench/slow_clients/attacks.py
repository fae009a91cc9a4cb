"""Slow clients, which send or read so slowly that they exhaust the threads of a server that waits for them."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Self

_HEAD = b"POST /api/orders HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
_TRICKLE = 10.0
"""Seconds between two bytes."""
_SMALL = 2048
"""Size of the kernel's receive buffer in bytes."""
_ANSWERS = 50
"""Number of pipelined requests of a client that reads no answers."""


class SlowClient:
    """A raw connection to the API."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._loop = asyncio.get_running_loop()
        self._socket = socket.socket()

    async def __aenter__(self) -> Self:
        self._socket.setblocking(False)  # noqa: FBT003 - socket's own
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL)
        await self._loop.sock_connect(self._socket, self._address)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._socket.close()

    async def send(self, data: bytes) -> None:
        await self._loop.sock_sendall(self._socket, data)

    async def trickle(self, data: bytes) -> None:
        """Send a byte at a time until the server closes the connection."""
        closed = asyncio.ensure_future(self.read_until_closed())
        for byte in data:
            await self.send(bytes([byte]))
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(closed), _TRICKLE)
                return
        await closed

    async def read_until_closed(self) -> None:
        """Read and discard the answer until the server closes the connection."""
        while await self._loop.sock_recv(self._socket, 4096):
            pass

    async def wait_until_closed(self) -> None:
        """Wait until the server closes the connection, without reading."""
        while True:
            await asyncio.sleep(1)
            if self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                return
            await self.send(b"\r\n")


async def stalled_body(client: SlowClient) -> None:
    """Announce a body, send half of it, and wait."""
    await client.send(_HEAD + b'Content-Length: 1000\r\n\r\n{"shop_id": "' + b"x" * 487)
    await client.read_until_closed()


async def slow_head(client: SlowClient) -> None:
    """Send a byte of the request head every ten seconds."""
    await client.trickle(_HEAD + b"X-Slow: yes\r\n\r\n")


async def slow_chunks(client: SlowClient) -> None:
    """Send a first chunk, then a byte every ten seconds."""
    await client.send(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{    \r\n")
    await client.trickle(b"1\r\n \r\n" * 1000)


async def unread_answers(client: SlowClient) -> None:
    """Request a large answer many times, and read nothing."""
    await client.send(b"GET /api/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * _ANSWERS)
    await client.wait_until_closed()


AttackFunction = Callable[[SlowClient], Coroutine[Any, Any, None]]

ATTACKS: dict[str, AttackFunction] = {
    "stalled body": stalled_body,
    "a byte of the head every 10 s": slow_head,
    "a byte in chunks every 10 s": slow_chunks,
    "unread answers": unread_answers,
}


@dataclass
class Attack:
    """The state of an attack; `begun` is set once all clients are connected."""

    connections: int
    begun: asyncio.Event
    opened: int = 0

    def count(self) -> None:
        """Count a new connection."""
        self.opened += 1
        if self.opened >= self.connections:
            self.begun.set()


async def _keep_attacking(address: tuple[str, int], run_attack: AttackFunction, attack: Attack) -> None:
    while True:
        with suppress(OSError):
            async with SlowClient(address) as client:
                attack.count()
                await run_attack(client)
        await asyncio.sleep(0.05)


@asynccontextmanager
async def attacking(address: tuple[str, int], *, kinds: list[str], connections: int) -> AsyncIterator[Attack]:
    """Keep `connections` connections of each kind open; those closed by the server are opened again."""
    attack = Attack(connections * len(kinds), asyncio.Event())
    tasks = [
        asyncio.ensure_future(_keep_attacking(address, ATTACKS[kind], attack))
        for kind in kinds
        for _ in range(connections)
    ]
    try:
        if tasks:
            await attack.begun.wait()
        yield attack
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
