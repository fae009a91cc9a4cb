"""Alerts about schedules that do not run, or whose runs fail again and again."""

from datetime import datetime

from kit import alerts, clock, db
from kit.db import Json
from kit.schedules import runs
from workers import schedules

MIN_FAILURES = 3
"""Failed runs in a row that open an alert."""

_FIND_OVERDUE_SCHEDULES = """
    SELECT name, coalesce(run_due_at, next_run_at), run_id IS NOT NULL FROM schedules
    WHERE name = ANY(%(names)s) AND coalesce(run_due_at, next_run_at) < %(now)s - overdue_after"""
_FIND_FAILING_SCHEDULES = """
    SELECT name, failures, error FROM schedules WHERE name = ANY(%(names)s) AND failures >= %(min_failures)s"""
_CLOSE_ALERTS_OF_DELETED_SCHEDULES = """
    UPDATE alerts SET closed_at = now()
    WHERE kind IN ('schedule_failing', 'schedule_overdue') AND closed_at IS NULL
        AND key NOT IN (SELECT name FROM schedules)"""


class ScheduleMonitor:
    """Checks the declared schedules. The first check registers them, so that it misses those no scheduler has seen."""

    def __init__(self) -> None:
        self._declared = schedules.declared()
        self._is_registered = False

    def check(self) -> None:
        """Open and close the alerts about schedules."""
        now = clock.now()
        if not self._is_registered:
            runs.register(self._declared, now=now)
            self._is_registered = True
        with db.operator_transaction():
            self._replace("schedule_overdue", self._overdue_schedules(now))
            self._replace("schedule_failing", self._failing_schedules())
            db.run(_CLOSE_ALERTS_OF_DELETED_SCHEDULES, {})

    def _replace(self, kind: alerts.Kind, details: dict[str, Json]) -> None:
        """Open and close alerts about declared schedules. Sweepers of another release check those that it declares."""
        alerts.trigger(kind, details)
        alerts.close(kind, self._declared.keys() - details.keys())

    def _overdue_schedules(self, now: datetime) -> dict[str, Json]:
        rows = db.run(_FIND_OVERDUE_SCHEDULES, {"names": list(self._declared), "now": now})
        return {
            name: {"schedule": name, "due_at": due_at.isoformat(), "is_sent": is_sent} for name, due_at, is_sent in rows
        }

    def _failing_schedules(self) -> dict[str, Json]:
        rows = db.run(_FIND_FAILING_SCHEDULES, {"names": list(self._declared), "min_failures": MIN_FAILURES})
        return {name: {"schedule": name, "failures": failures, "error": error} for name, failures, error in rows}
