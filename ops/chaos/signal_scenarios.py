"""When the example sagas start, and which signals they get when: a random mix, generated from a seed."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from ops.chaos.waiting_saga import CONFIRMED, EXPIRES, FOLLOWED, Answer
from saga.engine.waits import NoPayload, Signal

EXPIRY = EXPIRES.total_seconds()


@dataclass(frozen=True, slots=True)
class ScenarioAction:
    """Start the saga of this subject or, if `signal` is set, send it this signal with this payload.

    `at` is the time of the action, in seconds after the beginning of the run.
    """

    at: float
    subject_id: UUID
    signal: Signal[Any] | None = None
    signal_payload: Any = None


def scenario_actions(*, seed: int, sagas: int, seconds: float) -> list[ScenarioAction]:
    """Generate the actions on this many sagas, in order of time. All sagas start within `seconds`."""
    draw = Random(f"signals {seed}")  # noqa: S311 - must be repeatable
    starts = sorted(draw.uniform(0, seconds) for _ in range(sagas))
    made = [
        action for number, start in enumerate(starts) for action in _actions_of_saga(draw, start, f"{seed} {number}")
    ]
    return sorted(made, key=lambda action: action.at)


def _actions_of_saga(draw: Random, start: float, name: str) -> Iterator[ScenarioAction]:
    subject_id = uuid5(NAMESPACE_OID, f"example {name}")
    yield ScenarioAction(start, subject_id)
    for after, number in _confirmations(draw):
        yield ScenarioAction(start + after, subject_id, CONFIRMED, Answer(number))
    if draw.random() < 1 / 2:
        yield ScenarioAction(start + draw.uniform(0, 2 * EXPIRY), subject_id, FOLLOWED, NoPayload())


def _confirmations(draw: Random) -> list[tuple[float, int]]:
    """Seconds after the start, and the content: early, in time, at the expiry, late, never, twice, or contradicting."""
    early, in_time, late = 0.0, draw.uniform(0.5, EXPIRY / 2), EXPIRY + draw.uniform(2, 4)
    at_the_expiry = EXPIRY + draw.uniform(-0.5, 1.0)
    mix: list[list[tuple[float, int]]] = [
        [(early, 1)],
        [(in_time, 1)],
        [(at_the_expiry, 1)],
        [(late, 1)],
        [],
        [(in_time, 1), (draw.uniform(0, late), 1)],
        [(in_time, 1), (in_time, 2)],
        [(at_the_expiry, 1), (at_the_expiry, 2)],
    ]
    return draw.choice(mix)
