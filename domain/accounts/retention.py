"""How long sessions, links and counters are kept."""

from datetime import timedelta

from kit.db.retention import Retention

DAY = timedelta(days=1)

RETENTION = (
    Retention("logins", "coalesce(ended_at, lapses_at)", DAY),
    Retention("refresh_tokens", "expires_at", timedelta()),
    Retention("links", "expires_at", DAY),
    Retention("decoys", "created_at", DAY),
    Retention("attempts", "greatest(last_at, next_at)", DAY),
)
