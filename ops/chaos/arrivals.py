"""When customers come: steadily, but so that every disturbance finds work in hand."""

from bisect import bisect_left
from collections.abc import Sequence

_NEAR = 0.8
"""Seconds before or after a disturbance in which a customer counts as near it."""

_RUSH = 0.25
"""Seconds right before the disturbance into which those near it are crowded; about as long as an order takes then."""


def arrivals(*, orders: int, rate: float, disturbed_at: Sequence[float]) -> list[float]:
    """Seconds after the first customer at which each comes, in order: `rate` a second, rushing before disturbances.

    An order takes a twentieth of a second, so that few kills would hit one that comes just anywhen.
    """
    moments = sorted(disturbed_at)
    return sorted(_hurried(number / rate, moments) for number in range(orders))


def _hurried(due: float, moments: Sequence[float]) -> float:
    near = bisect_left(moments, due - _NEAR)
    if near == len(moments) or moments[near] > due + _NEAR:
        return due
    moment = moments[near]
    return max(0.0, moment - _RUSH * (1 - (due - moment + _NEAR) / (2 * _NEAR)))
