"""How long mails are kept."""

from kit.db.retention import Retention

RETENTION: tuple[Retention, ...] = ()

UNLIMITED = {
    "mails": "a mail is not sent twice because its row exists; erasure removes the personal data",
}
