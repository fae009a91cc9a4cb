"""How long sessions, links and counters are kept."""

from datetime import timedelta

from kit.db.retention import Retention

DAY = timedelta(days=1)

RETENTION = (
    Retention("sessions", "coalesce(ended_at, expires_at)", DAY),
    Retention("refresh_tokens", "expires_at", timedelta()),
    Retention("one_time_links", "expires_at", DAY),
    Retention("timing_decoys", "created_at", DAY),
    Retention("attempt_counters", "greatest(last_at, next_allowed_at)", DAY),
)
