"""Killing processes of a running stack at failpoints, and restarting them."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from ops.services.process import Process
from ops.stack import Stack
from tests.processes import state_of
from tests.stack.shop import Shop
from tests.waiting import until


class Failpoints:
    """The failpoints of a stack that was started with ORDERX_FAILPOINTS_DIR."""

    def __init__(self, stack: Stack, directory: Path) -> None:
        self.stack = stack
        self._directory = directory

    def arm(self, point: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Send the first process that reaches this failpoint SIGKILL, or SIGSTOP."""
        draft = self._directory / f".{point}"
        draft.write_text(number.name)
        draft.rename(self._directory / point)

    def wait_for_hit(self, point: str) -> None:
        """Return once a process has been killed or stopped there."""
        until(lambda: not (self._directory / point).exists(), f"no process has reached {point}")

    def restart_dead(self) -> list[str]:
        """Restart the processes that died, as a supervisor would, and return their names. Gunicorn restarts its own."""
        dead = [process for process in self.stack.processes if process.has_crashed]
        for process in dead:
            process.start()
        return [process.name for process in dead]

    def frozen(self) -> Process:
        """The process that was stopped by SIGSTOP."""
        return next(process for process in self.stack.processes if process.is_running and state_of(process.pid) == "T")

    def disarm(self) -> None:
        """Disarm all failpoints."""
        for file in self._directory.iterdir():
            file.unlink()


def until_answered(request: Callable[[], requests.Response]) -> dict[str, Any]:
    """Repeat a request until it is answered, as a client does after a broken connection. Returns the answer's JSON."""
    answer: list[requests.Response] = []

    def asked() -> bool:
        try:
            answer.append(request())
        except requests.ConnectionError:
            return False
        return True

    until(asked, "the API does not answer")
    assert answer[0].ok, answer[0].text
    return answer[0].json()


def order(shop: Shop, key: str, **fields: Any) -> str:
    """Place an order with an idempotency key, retrying until it is answered. Returns its id."""
    return until_answered(lambda: shop.order(key=key, **fields))["id"]
