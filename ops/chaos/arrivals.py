"""Arrival times of customers: at a steady rate, but with a peak right before each fault."""

from bisect import bisect_left
from collections.abc import Sequence

_NEAR = 0.8
"""Seconds before and after a fault whose arrivals are moved."""

_PEAK = 0.25
"""Seconds right before the fault into which these arrivals are moved; about as long as an order takes then."""


def arrival_times(*, orders: int, rate: float, faults_at: Sequence[float]) -> list[float]:
    """Seconds after the first customer, sorted: evenly `rate` per second; those near a fault move to right before it.

    An order takes a twentieth of a second, so that without the peaks few faults would affect one.
    """
    moments = sorted(faults_at)
    return sorted(_move_towards_fault(number / rate, moments) for number in range(orders))


def _move_towards_fault(arrival: float, moments: Sequence[float]) -> float:
    near = bisect_left(moments, arrival - _NEAR)
    if near == len(moments) or moments[near] > arrival + _NEAR:
        return arrival
    moment = moments[near]
    return max(0.0, moment - _PEAK * (1 - (arrival - moment + _NEAR) / (2 * _NEAR)))
