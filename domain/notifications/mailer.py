"""The interface to the mail server, and an SMTP client that implements it."""

import os
import smtplib
import ssl
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from multiprocessing.connection import wait
from typing import Protocol
from urllib.parse import SplitResult, unquote, urlsplit

from domain.notifications.errors import MailDeferred, MailRefused, MailServerUnreachable
from kit.config import settings
from kit.errors import NotConfigured

PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
TIMEOUT = 10.0
"""Seconds to wait for each reply of the server."""
REPLY_OK, REPLY_CONTINUE, REPLY_PERMANENT_FAILURE = 200, 300, 500
"""Reply codes from 200, 300 and 500 (RFC 5321, 4.2.1): completed, more is expected, permanent failure."""
CHECK_IDLE_AFTER = 5.0
"""Seconds without use after which a connection is tested before it is used again."""


@dataclass(frozen=True, slots=True)
class Message:
    """A mail to one recipient: the envelope's two addresses, and the content (RFC 5322) in 7-bit CRLF lines."""

    sender: str
    recipient: str
    content: bytes


class Mailer(Protocol):
    """A mail server."""

    def send(self, message: Message) -> None:
        """Send a mail. Returns once the server has accepted it.

        Raises MailDeferred when a later attempt can succeed (MailServerUnreachable if no mail can be sent now), and
        MailRefused when none can.
        """


class SmtpMailer:
    """SMTP (RFC 5321) to `smtp://`, `smtp+starttls://` or `smtps://[user:password@]host[:port]`.

    Connections are pooled and shared by threads, one thread at a time. Closed connections are replaced. A mail is
    refused only by replies about its recipient or content; with a wrong password or sender it is deferred until the
    operator fixes the settings.
    """

    def __init__(self, url: str, *, timeout: float = TIMEOUT) -> None:
        self._url = _parse_url(url)
        self._timeout = timeout
        self._idle: deque[tuple[smtplib.SMTP, float]] = deque()
        """Idle connections and when they were last used (seconds of the monotonic clock), in that order."""

    def send(self, message: Message) -> None:
        connection = self._take_idle() or self._connect()
        try:
            connection.sendmail(message.sender, [message.recipient], message.content)
        except OSError as error:
            connection.close()
            raise _classify(error) from error
        except BaseException:
            connection.close()
            raise
        self._idle.append((connection, time.monotonic()))

    def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            self._idle.pop()[0].close()

    def _take_idle(self) -> smtplib.SMTP | None:
        """Take the most recently used idle connection that is still usable, if any."""
        with suppress(IndexError):
            while True:
                connection, last_used = self._idle.pop()
                if _is_usable(connection, last_used):
                    return connection
                connection.close()
        return None

    def _connect(self) -> smtplib.SMTP:
        try:
            return self._open()
        except OSError as error:
            raise MailServerUnreachable(f"The mail server cannot be reached: {_describe(error)}") from error

    def _open(self) -> smtplib.SMTP:
        url, tls = self._url, ssl.create_default_context()
        host, port = url.hostname or "", url.port or PORTS[url.scheme]
        connection: smtplib.SMTP
        if url.scheme == "smtps":
            connection = smtplib.SMTP_SSL(host, port, timeout=self._timeout, context=tls)
        else:
            connection = smtplib.SMTP(host, port, timeout=self._timeout)
        try:
            if url.scheme == "smtp+starttls":
                connection.starttls(context=tls)
            connection.ehlo_or_helo_if_needed()
            if url.username:
                connection.login(unquote(url.username), unquote(url.password or ""))
        except BaseException:
            connection.close()
            raise
        return connection


@cache
def mailer() -> Mailer:
    """Return the process's mailer for ORDERX_SMTP_URL; raises NotConfigured when the setting is missing or wrong."""
    return SmtpMailer(settings().require("smtp_url"))


# A forked worker inherits its parent's sockets, but two processes must not share a connection.
os.register_at_fork(after_in_child=mailer.cache_clear)


def _parse_url(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in PORTS and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        # The message leaves out the URL, which can contain a password.
        raise NotConfigured("ORDERX_SMTP_URL must be smtp://, smtp+starttls:// or smtps:// and name a host")
    return parts


def _is_usable(connection: smtplib.SMTP, last_used: float) -> bool:
    # Unsolicited data from the server means that it is closing the connection.
    if connection.sock is None or wait([connection.sock], timeout=0):
        return False
    return time.monotonic() - last_used < CHECK_IDLE_AFTER or _responds(connection)


def _responds(connection: smtplib.SMTP) -> bool:
    try:
        code, _ = connection.noop()
    except OSError:
        return False
    return REPLY_OK <= code < REPLY_CONTINUE


def _classify(error: OSError) -> MailDeferred | MailRefused:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        [reply] = error.recipients.values()
        error = smtplib.SMTPDataError(*reply)  # about this mail only, as the replies to its content are
    message = f"The mail server did not accept the mail: {_describe(error)}"
    if not isinstance(error, smtplib.SMTPResponseException):
        return MailServerUnreachable(message)
    permanent = isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= REPLY_PERMANENT_FAILURE
    return MailRefused(message) if permanent else MailDeferred(message)


def _describe(error: OSError) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        reply = error.smtp_error
        text = reply.decode(errors="replace") if isinstance(reply, bytes) else reply
        return f"{error.smtp_code} {text}".replace(
            "\0", "\N{REPLACEMENT CHARACTER}"
        )  # PostgreSQL text cannot contain NUL
    return str(error) or type(error).__name__
