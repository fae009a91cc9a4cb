"""Recovery times: from the end of a fault until the last affected order has ended."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from statistics import median

import psycopg

from ops.chaos.fault_injector import FinishedFault
from ops.chaos.plan import PlannedFault


@dataclass(frozen=True, slots=True)
class PendingInterval:
    """An order was pending from `placed` until `ended`, as Unix times."""

    placed: float
    ended: float


@dataclass(frozen=True, slots=True)
class Recovery:
    """The number of orders that a fault affected, and the seconds until the last of them ended."""

    fault: FinishedFault
    affected_orders: int
    seconds: float


def recoveries(faults: Sequence[FinishedFault], intervals: Collection[PendingInterval]) -> list[Recovery]:
    """For each fault, the time from its recovery until the last of the then pending orders had ended.

    Excludes time during which another fault affected the orders.
    """
    return [_recovery(each, faults, intervals) for each in faults]


def _recovery(
    fault: FinishedFault, faults: Sequence[FinishedFault], intervals: Collection[PendingInterval]
) -> Recovery:
    recovered_at = fault.recovered_at
    affected = [interval for interval in intervals if interval.placed <= recovered_at < interval.ended]
    last = max((interval.ended for interval in affected), default=recovered_at)
    others = [
        (other.started_at, other.recovered_at)
        for other in faults
        if other is not fault and _delays_orders(other.planned)
    ]
    return Recovery(fault, len(affected), round(last - recovered_at - _covered_seconds(recovered_at, last, others), 2))


def _delays_orders(planned: PlannedFault) -> bool:
    # Pending orders need neither the API nor mails, and sweeper or scheduler only after another failure.
    return planned.target not in {"api", "api-worker", "sweeper", "scheduler", "mail-worker", "inbox"}


def _covered_seconds(start: float, end: float, spans: Iterable[tuple[float, float]]) -> float:
    """The number of seconds between start and end that are in at least one of the spans."""
    covered, reached = 0.0, start
    for span_start, span_end in sorted(spans):
        covered += max(0.0, min(span_end, end) - max(span_start, reached))
        reached = max(reached, min(span_end, end))
    return covered


def by_target(recoveries: Iterable[Recovery]) -> list[tuple[str, str, int, int, float, float]]:
    """A row per target and kind of fault: target, kind, faults, affected orders, slowest and median seconds.

    The median is over faults that affected an order.
    """
    groups: dict[tuple[str, str], list[Recovery]] = {}
    for each in recoveries:
        groups.setdefault((each.fault.planned.target, each.fault.planned.kind), []).append(each)
    return [(*key, len(group), *_summary(group)) for key, group in sorted(groups.items())]


def _summary(group: list[Recovery]) -> tuple[int, float, float]:
    seconds = [each.seconds for each in group if each.affected_orders] or [0.0]
    return sum(each.affected_orders for each in group), max(seconds), median(seconds)


def pending_intervals(url: str, *, without: Collection[str]) -> list[PendingInterval]:
    """From the journal, when each order was pending, except the given order ids; still pending ones end now."""
    query = """
        SELECT o.id, extract(epoch FROM o.placed_at)::float8,
            extract(epoch FROM coalesce(min(e.happened_at), now()))::float8
        FROM orders o JOIN sagas s ON s.subject_id = o.id AND s.name = 'place_order'
        LEFT JOIN LATERAL saga_history(s.id) AS e ON e.step IS NULL AND e.event IN ('completed', 'undone')
        GROUP BY o.id, o.placed_at"""
    with psycopg.connect(url) as connection:
        rows = connection.execute(query).fetchall()
    return [PendingInterval(placed, ended) for order, placed, ended in rows if str(order) not in without]
