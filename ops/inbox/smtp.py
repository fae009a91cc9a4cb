"""The inbox's SMTP side, with two domains that answer as a real server does on a bad day."""

from aiosmtpd.smtp import SMTP, Envelope, Session

from ops.inbox.maildir import Maildir

REFUSED, DEFERRED = "refused.example", "deferred.example"
"""Recipients under the one are unknown for good, those under the other are put off until later."""
TURNED_AWAY = {REFUSED: "550 5.1.1 No such mailbox", DEFERRED: "451 4.3.0 Mailbox busy, try again later"}


class Reception:
    """Answers EHLO, RCPT and DATA; the method names are aiosmtpd's."""

    def __init__(self, maildir: Maildir) -> None:
        self._maildir = maildir

    async def handle_EHLO(  # noqa: N802
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, answer: list[str]
    ) -> list[str]:
        session.host_name = hostname
        return [*answer[:-1], "250-PIPELINING", answer[-1]]  # which it can, and does not say

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if no := TURNED_AWAY.get(address.rpartition("@")[2].lower()):
            return no
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.original_content or b""
        mail_id = self._maildir.keep(sender=envelope.mail_from or "", recipients=envelope.rcpt_tos, content=content)
        return f"250 Kept as {mail_id}"
