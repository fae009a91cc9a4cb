"""What is done to whom and when, made from a seed alone, so that a run can be repeated."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

SECONDS = {
    "kill": (0.2, 2.0),
    "freeze": (12.0, 20.0),
    "cut": (1.0, 6.0),
    "hang": (3.0, 12.0),
    "alarm": (4.0, 10.0),
}
"""How long each deed lasts, at least and at most; a freeze outlasts every deadline there is for a step."""


@dataclass(frozen=True, slots=True)
class Target:
    """What can be disturbed: one of these processes, in one of these ways."""

    whom: tuple[str, ...]
    deeds: tuple[str, ...]


TARGETS = {
    "api": Target(("api",), ("kill", "freeze")),
    "api-worker": Target(("api",), ("kill",)),
    "relay": Target(("relay-1", "relay-2"), ("kill", "kill", "freeze")),
    "worker": Target(("worker-1", "worker-2", "worker-3", "worker-4"), ("kill", "kill", "freeze")),
    "pool-child": Target(("worker-3", "worker-4"), ("kill",)),
    "mail-worker": Target(("mail-worker-1", "mail-worker-2"), ("kill", "freeze")),
    "sweeper": Target(("sweeper-1", "sweeper-2"), ("kill", "freeze")),
    "rabbitmq": Target(("rabbitmq",), ("kill", "kill", "cut", "hang", "alarm")),
    "postgres": Target(("postgres",), ("kill", "kill", "cut", "hang")),
    "gateway": Target(("sandbox",), ("kill", "cut", "hang")),
    "inbox": Target(("inbox",), ("kill",)),
}
"""Names that a deed stands under twice make it twice as likely."""

OF_A_CHILD = frozenset({"api-worker", "pool-child"})
"""Targets that are one of the children of the process they name."""


@dataclass(frozen=True, slots=True)
class Disturbance:
    """One thing to do: `at` so many seconds after the first order, for so many `seconds`."""

    at: float
    target: str
    deed: str
    whom: str
    seconds: float

    def __str__(self) -> str:
        who = f"a child of {self.whom}" if self.target in OF_A_CHILD else self.whom
        return f"{self.deed} {who}"


def plan(*, seed: int, kills: int, targets: Sequence[str], duration: float) -> list[Disturbance]:
    """So many disturbances spread over the duration, in order of time; each target comes up about equally often."""
    draw = Random(seed)  # noqa: S311 - repeatable is what it has to be
    slot = duration / max(1, kills)
    return [
        _disturb(draw, target, (number + draw.uniform(0.1, 0.9)) * slot)
        for number, target in enumerate(_in_turn(draw, kills, targets))
    ]


def _in_turn(draw: Random, times: int, targets: Sequence[str]) -> list[str]:
    rounds = [draw.sample(targets, len(targets)) for _ in range(-(-times // len(targets)))]
    return [target for each in rounds for target in each][:times]


def _disturb(draw: Random, name: str, at: float) -> Disturbance:
    target = TARGETS[name]
    deed, whom = draw.choice(target.deeds), draw.choice(target.whom)
    return Disturbance(round(at, 2), name, deed, whom, round(draw.uniform(*SECONDS[deed]), 2))
