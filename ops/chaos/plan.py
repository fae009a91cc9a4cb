"""The plan of faults, generated from a seed, so that a run can be repeated."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

DURATIONS = {
    "kill": (0.2, 2.0),
    "freeze": (12.0, 20.0),
    "cut": (1.0, 6.0),
    "hang": (3.0, 12.0),
    "alarm": (4.0, 10.0),
}
"""Minimum and maximum seconds of each kind of fault; a freeze is longer than any timeout of a step."""


@dataclass(frozen=True, slots=True)
class Target:
    """Processes that can be disturbed, and the kinds of faults for them."""

    processes: tuple[str, ...]
    kinds: tuple[str, ...]


TARGETS = {
    "api": Target(("api",), ("kill", "freeze")),
    "api-worker": Target(("api",), ("kill",)),
    "relay": Target(("relay-1", "relay-2"), ("kill", "kill", "freeze")),
    "worker": Target(("worker-1", "worker-2", "worker-3", "worker-4"), ("kill", "kill", "freeze")),
    "pool-child": Target(("worker-4",), ("kill",)),
    "mail-worker": Target(("mail-worker-1", "mail-worker-2"), ("kill", "freeze")),
    "sweeper": Target(("sweeper-1", "sweeper-2"), ("kill", "freeze")),
    "scheduler": Target(("scheduler-1", "scheduler-2"), ("kill", "freeze")),
    "rabbitmq": Target(("rabbitmq",), ("kill", "kill", "cut", "hang", "alarm")),
    "postgres": Target(("postgres",), ("kill", "kill", "cut", "hang")),
    "gateway": Target(("sandbox",), ("kill", "cut", "hang")),
    "inbox": Target(("inbox",), ("kill",)),
    "signaller": Target(("signaller",), ("kill", "kill", "freeze")),
}
"""A kind that is listed twice is twice as likely."""

CHILD_TARGETS = frozenset({"api-worker", "pool-child"})
"""Targets that mean a child of the process."""


@dataclass(frozen=True, slots=True)
class PlannedFault:
    """A fault of the plan: `at` seconds after the first order, for `seconds`."""

    at: float
    target: str
    kind: str
    process: str
    seconds: float

    def __str__(self) -> str:
        victim = f"a child of {self.process}" if self.target in CHILD_TARGETS else self.process
        return f"{self.kind} {victim}"


def plan(*, seed: int, kills: int, targets: Sequence[str], duration: float) -> list[PlannedFault]:
    """Generate `kills` faults over the duration, in order of time; all targets are about equally frequent."""
    draw = Random(seed)  # noqa: S311 - must be repeatable
    slot = duration / max(1, kills)
    return [
        _fault(draw, target, (number + draw.uniform(0.1, 0.9)) * slot)
        for number, target in enumerate(_draw_balanced(draw, kills, targets))
    ]


def _draw_balanced(draw: Random, count: int, targets: Sequence[str]) -> list[str]:
    shuffles = [draw.sample(targets, len(targets)) for _ in range(-(-count // len(targets)))]
    return [target for each in shuffles for target in each][:count]


def _fault(draw: Random, name: str, at: float) -> PlannedFault:
    target = TARGETS[name]
    kind, process = draw.choice(target.kinds), draw.choice(target.processes)
    return PlannedFault(round(at, 2), name, kind, process, round(draw.uniform(*DURATIONS[kind]), 2))
