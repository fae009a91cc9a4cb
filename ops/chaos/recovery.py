"""How long after a disturbance was over the orders it had caught came to their end."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from statistics import median

import psycopg

from ops.chaos.conductor import Done
from ops.chaos.plan import Disturbance


@dataclass(frozen=True, slots=True)
class Stay:
    """An order was pending from `placed` until `ended`, in seconds since the epoch."""

    placed: float
    ended: float


@dataclass(frozen=True, slots=True)
class Recovery:
    """What a disturbance had caught, and the seconds until the last of that had ended."""

    done: Done
    caught: int
    seconds: float


def recoveries(done: Sequence[Done], stays: Collection[Stay]) -> list[Recovery]:
    """For each disturbance, from when it was back until the last of the orders then pending had ended.

    Seconds in which something else was disturbed that orders need are that other's, and do not count.
    """
    return [_recovery(each, done, stays) for each in done]


def _recovery(each: Done, done: Sequence[Done], stays: Collection[Stay]) -> Recovery:
    caught = [stay for stay in stays if stay.placed <= each.back < stay.ended]
    last = max((stay.ended for stay in caught), default=each.back)
    others = [(other.begun, other.back) for other in done if other is not each and _holds_up_orders(other.what)]
    return Recovery(each, len(caught), round(last - each.back - _covered(each.back, last, others), 2))


def _holds_up_orders(what: Disturbance) -> bool:
    # Pending orders need neither the API nor the mails, and the sweepers only where something else went wrong.
    return what.target not in {"api", "api-worker", "sweeper", "mail-worker", "inbox"}


def _covered(start: float, end: float, spans: Iterable[tuple[float, float]]) -> float:
    """How many of the seconds from start to end lie in one or more of the spans."""
    covered, reached = 0.0, start
    for begun, over in sorted(spans):
        covered += max(0.0, min(over, end) - max(begun, reached))
        reached = max(reached, min(over, end))
    return covered


def by_target(found: Iterable[Recovery]) -> list[tuple[str, str, int, int, float, float]]:
    """A row for each kind of disturbance: target, deed, how often, orders caught, slowest and median seconds.

    The median is of those that caught an order.
    """
    groups: dict[tuple[str, str], list[Recovery]] = {}
    for each in found:
        groups.setdefault((each.done.what.target, each.done.what.deed), []).append(each)
    return [(*kind, len(group), *_summary(group)) for kind, group in sorted(groups.items())]


def _summary(group: list[Recovery]) -> tuple[int, float, float]:
    seconds = [each.seconds for each in group if each.caught] or [0.0]
    return sum(each.caught for each in group), max(seconds), median(seconds)


def stays(url: str, *, without: Collection[str]) -> list[Stay]:
    """How long every order was pending, by the journal, but for these; one that is pending still counts until now."""
    query = """
        SELECT o.id, extract(epoch FROM o.placed_at)::float8,
            extract(epoch FROM coalesce(min(e.happened_at), now()))::float8
        FROM orders o JOIN sagas s ON s.subject_id = o.id AND s.name = 'place_order'
        LEFT JOIN saga_events e ON e.saga_id = s.id AND e.step IS NULL AND e.event IN ('completed', 'undone')
        GROUP BY o.id, o.placed_at"""
    with psycopg.connect(url) as connection:
        rows = connection.execute(query).fetchall()
    return [Stay(placed, ended) for order, placed, ended in rows if str(order) not in without]
