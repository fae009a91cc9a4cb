"""Applies the retention rules at once."""

from dataclasses import replace
from datetime import datetime, timedelta

from kit import db
from kit.db import retention
from kit.db.retention import Retention
from workers.retention import rules


def delete_expired_rows(*, now: datetime) -> int:
    """Delete all rows that have expired at that time; returns their number."""
    return sum(sum(batches(rule, now=now)) for rule in rules().values())


def batches(rule: Retention, *, now: datetime) -> list[int]:
    """Delete batch after batch of the expired rows; returns the size of each."""
    sizes, position = [], {}
    while position is not None:
        with db.operator_transaction():
            size, position = retention.delete_batch(rule, position, now=now)
        sizes.append(size)
    return sizes


def prune(*, before: datetime) -> int:
    """Delete the journals of the sagas that ended before this time; returns their number."""
    return sum(batches(replace(rules()["sagas"], age=timedelta()), now=before))
