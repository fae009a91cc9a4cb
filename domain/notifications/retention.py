"""How long mails are kept."""

from kit.db.retention import Retention

RETENTION_RULES: tuple[Retention, ...] = ()

TABLES_WITHOUT_RETENTION = {
    "mails": "a mail is not sent twice because its row exists; erasure removes the personal data",
}
