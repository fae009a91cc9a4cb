"""Alerts found from the database: incidents, outbox, event loops, idle workers, unknown versions, long transactions."""

from kit import alerts, db
from saga.engine import unknown_versions

MAX_OUTBOX_DELAY = 30.0
"""Seconds that a row may be due in the outbox; a relay takes it within about a second."""

MAX_SAGA_STANDSTILL = 30.0
"""Seconds within which at least one saga must make progress if any saga waits for a worker."""

MAX_TRANSACTION_AGE = 60.0
"""Seconds that a transaction may keep its snapshot. PostgreSQL cannot remove rows deleted meanwhile, so that polls read
them again and again."""

MAX_UNKNOWN_VERSION = 600.0
"""Seconds within which some worker must know the version of a saga whose tasks are put back into the outbox."""

MAX_ROWS_COUNTED = 10_000
"""Due rows of the outbox that are counted every second; after an outage of the broker there may be millions."""

MAX_HISTORIES_READ = 100
"""Sagas of a version whose history is read every second."""

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
# Nothing tells that a loop of events has ended, so the alert closes after an hour; the next such event opens it again.
_CLOSE_LOOP_ALERTS = """
    UPDATE alerts SET closed_at = now()
    WHERE kind = 'event_loop' AND closed_at IS NULL AND opened_at < now() - interval '1 hour'"""
_OLDEST_DUE = """
    SELECT coalesce(extract(epoch FROM now() - min(available_at)), 0)::float AS seconds, count(*) AS due
    FROM (
        SELECT available_at FROM outbox WHERE available_at <= now() ORDER BY available_at LIMIT %(max_counted)s
    ) AS oldest"""

# A saga waits for a worker since its start, or since the last change of its steps. A saga that pauses between two
# attempts waits for no worker, nor does one that is waiting for a signal. The query looks for recently ended sagas
# first, by their index; usually that is enough.
_WAITING_SAGAS = """
    SELECT count(*), extract(epoch FROM now() - max(moved_at))::float FROM (
        SELECT greatest(s.started_at, (
            SELECT max(greatest(begun_at, answered_at, undone_at, retry_at)) FROM saga_steps WHERE saga_id = s.id
        )) AS moved_at
        FROM sagas s WHERE s.ended_at IS NULL AND s.state NOT IN ('stuck', 'waiting')
            AND NOT EXISTS (SELECT FROM sagas WHERE ended_at > now() - make_interval(secs => %(limit)s))
        ORDER BY s.id LIMIT 1000
    ) AS waiting"""
_OUTBOX_IS_DRAINED = "SELECT NOT EXISTS (SELECT FROM outbox WHERE available_at < now() - interval '5 seconds')"

# Reads the histories of some sagas of each version only. The last entry, apart from what the sweeper has written, tells
# that the version is unknown: see unknown_versions.put_back.
_UNKNOWN_VERSIONS = """
    SELECT v.name || ' ' || v.version, jsonb_build_object('saga', v.name, 'version', v.version, 'sagas', v.sagas,
        'seconds', round(extract(epoch FROM now() - min(e.happened_at))))
    FROM (
        SELECT name, version, count(*) AS sagas, (array_agg(id))[:%(max_read)s] AS ids
        FROM sagas
        WHERE ended_at IS NULL AND state NOT IN ('stuck', 'waiting')
            AND started_at < now() - make_interval(secs => %(limit)s)
        GROUP BY name, version
    ) AS v CROSS JOIN unnest(v.ids) AS s (id) CROSS JOIN LATERAL (
        SELECT event, happened_at FROM saga_events
        WHERE saga_id = s.id AND event <> 'resent' ORDER BY id DESC LIMIT 1
    ) AS e
    WHERE e.event = %(event)s AND e.happened_at < now() - make_interval(secs => %(limit)s)
    GROUP BY v.name, v.version, v.sagas"""


def check() -> None:
    """Open and close all alerts that are found from the database."""
    with db.operator_transaction():
        db.run(_OPEN_INCIDENT_ALERTS, {})
        db.run(_CLOSE_INCIDENT_ALERTS, {})
        db.run(_CLOSE_ROW_ALERTS, {})
        db.run(_CLOSE_LOOP_ALERTS, {})
        _check_outbox()
        _check_consumption()
        _check_versions()
        _check_transactions()


def _check_outbox() -> None:
    [(seconds, due)] = db.run(_OLDEST_DUE, {"max_counted": MAX_ROWS_COUNTED})
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


def _check_versions() -> None:
    values = {"limit": MAX_UNKNOWN_VERSION, "event": unknown_versions.EVENT, "max_read": MAX_HISTORIES_READ}
    unknown = dict(db.run(_UNKNOWN_VERSIONS, values).fetchall())
    alerts.replace("saga_version_unknown", unknown)


def _check_consumption() -> None:
    [(waiting, seconds)] = db.run(_WAITING_SAGAS, {"limit": MAX_SAGA_STANDSTILL})
    if not waiting or seconds < MAX_SAGA_STANDSTILL:
        alerts.close("nothing_consumed", ["workers"])
    elif db.run(_OUTBOX_IS_DRAINED, {}).fetchone() == (True,):
        alerts.trigger("nothing_consumed", {"workers": {"seconds": round(seconds), "sagas": waiting}})
