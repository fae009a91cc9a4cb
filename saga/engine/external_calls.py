"""Make the external calls of steps concurrently, and a call that several subjects share only once."""

import os
from collections.abc import Mapping, Sequence, Sized
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from math import ceil
from typing import Any
from uuid import UUID

from kit import db
from kit.process import heartbeat
from saga.engine.step_functions import Call, SharedCall

MAX_CONCURRENT = 16
"""External calls that one process makes at a time, at most."""


def count_rounds(calls: Sized) -> int:
    """The number of rounds that this number of calls takes, MAX_CONCURRENT at a time."""
    return ceil(len(calls) / MAX_CONCURRENT)


def make_all(calls: Mapping[UUID, Call]) -> tuple[dict[UUID, Any], dict[UUID, Exception]]:
    """Make the calls. Returns the answers, and the errors of the calls that raised one, by subject id.

    Raises an outage of our own database.
    """
    distinct = {_identity(subject, call): call for subject, call in calls.items()}
    results = dict(zip(distinct, _make(list(distinct.values())), strict=True))
    answers: dict[UUID, Any] = {}
    errors: dict[UUID, Exception] = {}
    for subject, call in calls.items():
        answer, error = results[_identity(subject, call)]
        if error is None:
            answers[subject] = answer[subject] if isinstance(call, SharedCall) else answer
        elif db.is_outage(error):
            raise error
        else:
            errors[subject] = error
    return answers, errors


def _identity(subject: UUID, call: Call) -> object:
    return call if isinstance(call, SharedCall) else subject


def _make(calls: Sequence[Call]) -> list[tuple[Any, Exception | None]]:
    heartbeat.beat()
    if len(calls) == 1:
        return [_try_call(calls[0])]
    futures = [_threads().submit(_try_call, call) for call in calls]
    while wait(futures, timeout=heartbeat.INTERVAL).not_done:
        heartbeat.beat()
    return [future.result() for future in futures]


def _try_call(call: Call) -> tuple[Any, Exception | None]:
    try:
        return call(), None
    except Exception as error:  # noqa: BLE001 - recorded as the step's outcome for this subject alone
        return None, error


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(MAX_CONCURRENT, thread_name_prefix="external-calls")


os.register_at_fork(after_in_child=_threads.cache_clear)  # threads do not survive a fork
