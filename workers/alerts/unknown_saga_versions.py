"""An alert for sagas that no worker of any release knows: after a rollback, or while a release stands still."""

from collections import defaultdict

from kit import alerts, db
from kit.db import Json
from saga.engine import unknown_versions
from saga.engine.versions import is_known
from saga.registry import find

MAX_UNKNOWN_VERSION = 600.0
"""Seconds within which some worker must know the version of a saga that cannot be moved without it."""

MAX_HISTORIES_READ = 100
"""Sagas of a version whose history is read every second."""

# Reads the histories of some sagas of each version only. The last entry, apart from what the sweeper has written, tells
# that the version is unknown: see unknown_versions.put_back.
_FIND_PUT_BACK_SAGAS = """
    SELECT v.name, v.version, v.sagas, extract(epoch FROM now() - min(e.happened_at))::int
    FROM (
        SELECT name, version, count(*) AS sagas, (array_agg(id))[:%(max_read)s] AS ids
        FROM sagas
        WHERE ended_at IS NULL AND state NOT IN ('stuck', 'waiting')
            AND started_at < now() - make_interval(secs => %(limit)s)
        GROUP BY name, version
    ) AS v CROSS JOIN unnest(v.ids) AS s (id) CROSS JOIN LATERAL (
        SELECT event, happened_at FROM saga_history(s.id)
        WHERE event <> 'resent' ORDER BY number DESC LIMIT 1
    ) AS e
    WHERE e.event = %(event)s AND e.happened_at < now() - make_interval(secs => %(limit)s)
    GROUP BY v.name, v.version, v.sagas"""

# No sweeper has moved them, nor has any expired their wait: those that know a version do so within seconds.
_FIND_OVERDUE_SAGAS = """
    SELECT name, version, count(*), extract(epoch FROM now() - min(due_at))::int FROM sagas
    WHERE ended_at IS NULL AND state <> 'stuck' AND due_at < now() - make_interval(secs => %(limit)s)
    GROUP BY name, version"""
_FIND_OVERDUE_QUEUED_SAGAS = """
    SELECT name, NULL::int, count(*), extract(epoch FROM now() - min(overdue_since))::int FROM queued_sagas
    WHERE overdue_since < now() - make_interval(secs => %(limit)s)
    GROUP BY name"""


def check() -> None:
    """Open and close the alerts, in the current transaction."""
    values = {"limit": MAX_UNKNOWN_VERSION, "event": unknown_versions.EVENT, "max_read": MAX_HISTORIES_READ}
    overdue = [row for row in db.run(_FIND_OVERDUE_SAGAS, values) if not is_known(row[0], row[1], find)]
    found: dict[str, Json] = defaultdict(lambda: {"sagas": 0, "seconds": 0})
    put_back, queued = db.run(_FIND_PUT_BACK_SAGAS, values), db.run(_FIND_OVERDUE_QUEUED_SAGAS, values)
    for name, version, sagas, seconds in [*put_back, *overdue, *queued]:
        detail = found[f"{name} {version}" if version else name]
        detail |= {"saga": name, **({"version": version} if version else {})}
        detail["sagas"], detail["seconds"] = max(detail["sagas"], sagas), max(detail["seconds"], seconds)
    alerts.replace("saga_version_unknown", found)
