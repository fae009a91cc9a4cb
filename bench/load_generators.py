"""The load generators of one run, controlled from the main process."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.run_environment import ROOT, RunEnvironment


@dataclass(frozen=True, slots=True)
class Sent:
    """The orders sent: when each was sent and answered (epoch seconds), and how many were never paid."""

    begun: float
    orders: dict[str, tuple[float, float]]
    lost: int


class LoadGenerators:
    """One or more load generator processes that share the load of each plan."""

    def __init__(self, children: list[subprocess.Popen[str]], log: Path) -> None:
        self._children = children
        self._log = log

    @property
    def pids(self) -> list[int]:
        """Their process ids."""
        return [child.pid for child in self._children]

    def closed_loop(self, *, seconds: float, in_flight: int, threads: int) -> Sent:
        """Keep `in_flight` orders in flight for `seconds`."""
        return self._run({"closed_loop": seconds, "in_flight": self._share(in_flight), "threads": self._share(threads)})

    def open_loop(self, *, seconds: float, rate: float, threads: int) -> Sent:
        """Place `rate` orders a second for `seconds`, whether or not earlier ones are paid."""
        plan = {"open_loop": seconds, "rate": rate / len(self._children), "threads": self._share(threads)}
        return self._run(plan)

    def burst(self, *, orders: int, in_flight: int, threads: int) -> Sent:
        """Place `orders` orders, with up to `in_flight` in flight."""
        plan = {"burst": self._share(orders), "in_flight": self._share(in_flight), "threads": self._share(threads)}
        return self._run(plan)

    def _share(self, whole: int) -> int:
        return max(1, whole // len(self._children))

    def _run(self, plan: dict[str, Any]) -> Sent:
        for child in self._children:
            assert child.stdin
            child.stdin.write(json.dumps(plan) + "\n")
            child.stdin.flush()
        answers = [_answer(child, self._log) for child in self._children]
        orders = {order: tuple(times) for answer in answers for order, times in answer["sent"].items()}
        return Sent(min(a["begun"] for a in answers), orders, sum(a["lost"] for a in answers))


@contextmanager
def load_generators(
    environment: RunEnvironment, driver: str, *, number: int = 1, **env: object
) -> Iterator[LoadGenerators]:
    """Start `number` load generators with the named driver; they are ended with the block."""
    path = environment.logs / f"{environment.name}-loader.log"
    with path.open("a") as log:
        children = [
            subprocess.Popen(
                [sys.executable, "-m", "bench.load_generator", driver],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT,
                env=environment.variables(BENCH_NUMBER=each, **env),
            )
            for each in range(number)
        ]  # fmt: skip
        try:
            for child in children:
                _answer(child, path)
            yield LoadGenerators(children, path)
        finally:
            for child in children:
                child.kill()
                child.wait()


def _answer(child: subprocess.Popen[str], log: Path) -> dict[str, Any]:
    assert child.stdout
    line = child.stdout.readline()
    if not line:
        raise RuntimeError(f"a load generator ended with exit code {child.wait()}: {_last_line(log)}")
    result: dict[str, Any] = json.loads(line)
    return result


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n")
    return next((line for line in reversed(lines) if line.strip()), "see its log")
