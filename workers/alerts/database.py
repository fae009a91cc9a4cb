"""Alerts found from the database: incidents, outbox, event loops, idle workers, unknown versions, long transactions."""

from kit import alerts, db
from workers.alerts import unknown_saga_versions

MAX_OUTBOX_DELAY = 30.0
"""Seconds that a row may be due in the outbox; a relay takes it within about a second."""

MAX_SAGA_STANDSTILL = 30.0
"""Seconds within which at least one saga must make progress if any saga waits for a worker."""

MAX_TRANSACTION_AGE = 60.0
"""Seconds that a transaction may keep its snapshot. PostgreSQL cannot remove rows deleted meanwhile, so that polls read
them again and again."""

MAX_ROWS_COUNTED = 10_000
"""Due rows of the outbox that are counted every second; after an outage of the broker there may be millions."""

_OPEN_INCIDENT_ALERTS = """
    INSERT INTO alerts (kind, key, detail)
    SELECT 'incident_opened', i.id::text, jsonb_build_object(
        'incident_id', i.id, 'saga_id', s.id, 'saga', s.name, 'subject_id', s.subject_id, 'company_id', i.company_id,
        'step', i.step, 'phase', i.phase, 'error', i.error->>'code', 'attempts', i.attempts)
    FROM incidents i JOIN sagas s ON s.id = i.saga_id
    WHERE i.resolved_at IS NULL
        AND NOT EXISTS (
            SELECT FROM alerts a WHERE a.kind = 'incident_opened' AND a.key = i.id::text AND a.closed_at IS NULL)
    ON CONFLICT (kind, key) WHERE closed_at IS NULL DO NOTHING"""
_CLOSE_INCIDENT_ALERTS = """
    UPDATE alerts SET closed_at = now()
    WHERE kind = 'incident_opened' AND closed_at IS NULL
        AND key NOT IN (SELECT id::text FROM incidents WHERE resolved_at IS NULL)"""
# Alerts about rows that could not be sent (workers/outbox/relay.py) and are no longer in the outbox.
_CLOSE_ROW_ALERTS = """
    UPDATE alerts SET closed_at = now()
    WHERE kind = 'outbox_overdue' AND closed_at IS NULL AND key LIKE 'row %%'
        AND NOT EXISTS (SELECT FROM outbox WHERE id = (detail->>'row')::bigint)"""
# No row says that a loop of events has ended, so the alert closes after an hour; the next such event opens it again.
_CLOSE_LOOP_ALERTS = """
    UPDATE alerts SET closed_at = now()
    WHERE kind = 'event_loop' AND closed_at IS NULL AND opened_at < now() - interval '1 hour'"""
_READ_OUTBOX_DELAY = """
    SELECT coalesce(extract(epoch FROM now() - min(available_at)), 0)::float AS seconds, count(*) AS due
    FROM (
        SELECT available_at FROM outbox WHERE available_at <= now() ORDER BY available_at LIMIT %(max_counted)s
    ) AS oldest"""

# A saga waits for a worker since its start, or since the last change of its steps. A saga that pauses between two
# attempts waits for no worker, nor does one that is waiting for a signal. The query looks for recently ended sagas
# first, by their index; usually that is enough.
_COUNT_RUNNING_SAGAS = """
    SELECT count(*), extract(epoch FROM now() - max(moved_at))::float FROM (
        SELECT greatest(s.started_at, (
            SELECT max(greatest(begun_at, answered_at, undone_at, retry_at)) FROM saga_steps WHERE saga_id = s.id
        )) AS moved_at
        FROM sagas s WHERE s.ended_at IS NULL AND s.state NOT IN ('stuck', 'waiting')
            AND NOT EXISTS (SELECT FROM sagas WHERE ended_at > now() - make_interval(secs => %(limit)s))
        ORDER BY s.id LIMIT 1000
    ) AS running"""
_CHECK_OUTBOX_IS_DRAINED = "SELECT NOT EXISTS (SELECT FROM outbox WHERE available_at < now() - interval '5 seconds')"


def check() -> None:
    """Open and close all alerts that are found from the database."""
    with db.operator_transaction():
        db.run(_OPEN_INCIDENT_ALERTS, {})
        db.run(_CLOSE_INCIDENT_ALERTS, {})
        db.run(_CLOSE_ROW_ALERTS, {})
        db.run(_CLOSE_LOOP_ALERTS, {})
        _check_outbox()
        _check_consumption()
        unknown_saga_versions.check()
        _check_transactions()


def _check_outbox() -> None:
    [(seconds, due)] = db.run(_READ_OUTBOX_DELAY, {"max_counted": MAX_ROWS_COUNTED})
    if seconds > MAX_OUTBOX_DELAY:
        counted = due if due < MAX_ROWS_COUNTED else f"{due} or more"
        alerts.trigger("outbox_overdue", {"outbox": {"seconds": round(seconds), "due": counted}})
    else:
        alerts.close("outbox_overdue", ["outbox"])


def _check_transactions() -> None:
    oldest = db.run("SELECT seconds, pid, role, application FROM oldest_snapshot()", {}).fetchone()
    if oldest and oldest[0] > MAX_TRANSACTION_AGE:
        seconds, pid, role, application = oldest
        detail = {"seconds": round(seconds), "pid": pid, "role": role, "application": application}
        alerts.trigger("long_running_transaction", {"database": detail})
    else:
        alerts.close("long_running_transaction", ["database"])


def _check_consumption() -> None:
    [(running, seconds)] = db.run(_COUNT_RUNNING_SAGAS, {"limit": MAX_SAGA_STANDSTILL})
    if not running or seconds < MAX_SAGA_STANDSTILL:
        alerts.close("nothing_consumed", ["workers"])
    elif db.run(_CHECK_OUTBOX_IS_DRAINED, {}).fetchone() == (True,):
        alerts.trigger("nothing_consumed", {"workers": {"seconds": round(seconds), "sagas": running}})
