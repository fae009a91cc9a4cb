"""Making outside calls, several at the same time, and one that is made for several subjects once."""

import os
from collections.abc import Mapping, Sequence, Sized
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from math import ceil
from typing import Any
from uuid import UUID

from kit import db
from kit.process import heartbeat
from saga.engine.declaration import Call, Shared

AT_ONCE = 16
"""Calls that a process has under way at most."""


def rounds(calls: Sized) -> int:
    """In how many rounds so many calls are made."""
    return ceil(len(calls) / AT_ONCE)


def answered(calls: Mapping[UUID, Call]) -> tuple[dict[UUID, Any], dict[UUID, Exception]]:
    """What the calls answered, and what those raised that did not, by subject.

    Raises what tells of an outage of our own database.
    """
    distinct = {_which(subject, call): call for subject, call in calls.items()}
    made = dict(zip(distinct, _made(list(distinct.values())), strict=True))
    answers: dict[UUID, Any] = {}
    raised: dict[UUID, Exception] = {}
    for subject, call in calls.items():
        answer, error = made[_which(subject, call)]
        if error is None:
            answers[subject] = answer
        elif db.is_outage(error):
            raise error
        else:
            raised[subject] = error
    return answers, raised


def _which(subject: UUID, call: Call) -> object:
    return call if isinstance(call, Shared) else subject


def _made(calls: Sequence[Call]) -> list[tuple[Any, Exception | None]]:
    heartbeat.beat()
    if len(calls) == 1:
        return [_tried(calls[0])]
    under_way = [_callers().submit(_tried, call) for call in calls]
    while wait(under_way, timeout=heartbeat.INTERVAL).not_done:
        heartbeat.beat()
    return [each.result() for each in under_way]


def _tried(call: Call) -> tuple[Any, Exception | None]:
    try:
        return call(), None
    except Exception as error:  # noqa: BLE001 - it is this subject's alone, and recorded as its step's answer
        return None, error


@cache
def _callers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="calls")


os.register_at_fork(after_in_child=_callers.cache_clear)  # threads do not survive a fork
