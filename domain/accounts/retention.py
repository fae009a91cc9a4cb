"""How long sessions, links and counters are kept."""

from datetime import timedelta

from kit.db.retention import Retention

DAY = timedelta(days=1)

RETENTION_RULES = (
    Retention("sessions", "coalesce(ended_at, expires_at)", DAY),
    Retention("refresh_tokens", "expires_at", timedelta()),
    Retention("one_time_links", "expires_at", DAY),
    Retention("timing_decoys", "created_at", DAY),
    Retention("attempt_counters", "greatest(last_at, next_allowed_at)", DAY),
)

TABLES_WITHOUT_RETENTION = {
    "users": "an account stays until its user erases it, and its id after that: orders refer to it",
    "addresses": "few for a user, who deletes them",
    "second_factors": "one for a user, until it is disabled",
    "recovery_codes": "ten for a user, until the second factor is disabled",
}
