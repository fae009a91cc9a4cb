"""How long the journals of ended sagas are kept."""

from datetime import timedelta

from kit.config import settings
from kit.db.retention import Retention

RETENTION_RULES = (
    Retention(
        "sagas",
        "ended_at",
        lambda: timedelta(days=settings().journal_days),
        dependents=(("saga_events", "saga_id"), ("saga_signals", "saga_id")),
    ),
)

TABLES_WITHOUT_RETENTION = {
    "saga_definitions": "one for each version ever released",
    "queued_sagas": "each is deleted when its saga starts",
}
