"""The loaders of one run, as the runner sees them."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.scene import ROOT, Scene


@dataclass(frozen=True, slots=True)
class Sent:
    """What loaders sent: per order when it was sent and when answered (epoch seconds), and how many were never paid."""

    begun: float
    orders: dict[str, tuple[float, float]]
    lost: int


class Loaders:
    """One or more loader processes that share each plan's load."""

    def __init__(self, children: list[subprocess.Popen[str]], log: Path) -> None:
        self._children = children
        self._log = log

    @property
    def pids(self) -> list[int]:
        """Their process ids."""
        return [child.pid for child in self._children]

    def closed(self, *, seconds: float, in_flight: int, threads: int) -> Sent:
        """As fast as they finish, with so many in flight."""
        return self._follow({"closed": seconds, "in_flight": self._share(in_flight), "threads": self._share(threads)})

    def on_the_clock(self, *, seconds: float, rate: float, threads: int) -> Sent:
        """At so many a second, whether or not they finish."""
        plan = {"open": seconds, "rate": rate / len(self._children), "threads": self._share(threads)}
        return self._follow(plan)

    def rush(self, *, orders: int, in_flight: int, threads: int) -> Sent:
        """So many orders, as fast as they finish."""
        plan = {"rush": self._share(orders), "in_flight": self._share(in_flight), "threads": self._share(threads)}
        return self._follow(plan)

    def _share(self, whole: int) -> int:
        return max(1, whole // len(self._children))

    def _follow(self, plan: dict[str, Any]) -> Sent:
        for child in self._children:
            assert child.stdin
            child.stdin.write(json.dumps(plan) + "\n")
            child.stdin.flush()
        answers = [_answer(child, self._log) for child in self._children]
        orders = {order: tuple(times) for answer in answers for order, times in answer["sent"].items()}
        return Sent(min(a["begun"] for a in answers), orders, sum(a["lost"] for a in answers))


@contextmanager
def loaders(scene: Scene, placer: str, *, number: int = 1, **env: object) -> Iterator[Loaders]:
    """So many loaders with the named placer, ready; they end with the block."""
    path = scene.logs / f"{scene.name}-loader.log"
    with path.open("a") as log:
        children = [
            subprocess.Popen(
                [sys.executable, "-m", "bench.load", placer],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT,
                env=scene.environment(BENCH_NUMBER=each, **env),
            )
            for each in range(number)
        ]  # fmt: skip
        try:
            for child in children:
                _answer(child, path)
            yield Loaders(children, path)
        finally:
            for child in children:
                child.kill()
                child.wait()


def _answer(child: subprocess.Popen[str], log: Path) -> dict[str, Any]:
    assert child.stdout
    line = child.stdout.readline()
    if not line:
        raise RuntimeError(f"a loader ended with exit code {child.wait()}: {_last_line(log)}")
    told: dict[str, Any] = json.loads(line)
    return told


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n")
    return next((line for line in reversed(lines) if line.strip()), "see its log")
