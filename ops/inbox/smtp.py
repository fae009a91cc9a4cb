"""The inbox's SMTP server, with two domains that simulate failures."""

import re
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session, syntax

from ops.inbox.maildir import Maildir

REFUSED, DEFERRED = "refused.example", "deferred.example"
"""Domains of recipients that are refused permanently (550), and temporarily (451)."""
REJECTIONS = {REFUSED: "550 5.1.1 No such mailbox", DEFERRED: "451 4.3.0 Mailbox busy, try again later"}


MAX_MAIL_BYTES = 32 * 2**20
"""As announced by aiosmtpd (SIZE)."""

_LEADING_DOT_PATTERN = re.compile(rb"^\.", re.MULTILINE)


_ADDRESS_PATTERN = re.compile(r"(<[^<>\s]+>)(.*)", re.DOTALL)


class Server(SMTP):
    """aiosmtpd's server, faster: reads a mail at once instead of by line, and caches parsed addresses."""

    line_length_limit = 2 * MAX_MAIL_BYTES

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._parsed: dict[str, str | None] = {}

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """See aiosmtpd."""
        plain = _ADDRESS_PATTERN.fullmatch(arg)
        if not plain:
            return super()._getaddr(arg)
        address, rest = plain.groups()
        if address not in self._parsed:
            self._parsed[address] = super()._getaddr(address)[0]
        return self._parsed[address], rest

    @syntax("DATA")
    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802
        """See aiosmtpd."""
        if arg:
            return await self.push("501 Syntax: DATA")
        if not self.envelope or not self.envelope.rcpt_tos:
            return await self.push("503 Error: need RCPT command")
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        content = bytearray()
        while content != b".\r\n" and not content.endswith(b"\r\n.\r\n"):
            content += await self._reader.readuntil(b".\r\n")
        self.envelope.original_content = _LEADING_DOT_PATTERN.sub(b"", bytes(content.removesuffix(b".\r\n")))
        status = len(content) <= MAX_MAIL_BYTES and await self._call_handler_hook("DATA")
        self._set_post_data_state()
        return await self.push(status or "552 Error: Too much mail data")


class SmtpHandler:
    """aiosmtpd's handler for RCPT and DATA."""

    def __init__(self, maildir: Maildir) -> None:
        self._maildir = maildir

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if rejection := REJECTIONS.get(address.rpartition("@")[2].lower()):
            return rejection
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.original_content or b""
        mail_id = self._maildir.save(sender=envelope.mail_from or "", recipients=envelope.rcpt_tos, content=content)
        return f"250 Stored as {mail_id}"
