"""The port to the mail server, and the client that speaks SMTP to it."""

import os
import smtplib
import ssl
import threading
from email.message import EmailMessage
from functools import cache
from typing import Protocol
from urllib.parse import SplitResult, unquote, urlsplit

from domain.notifications.errors import MailRefused, MailUnavailable
from kit.config import settings
from kit.errors import NotConfigured

PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
TIMEOUT = 10.0
"""Seconds to wait for each answer of the server."""
OK, PERMANENT = 250, 500
"""Reply codes (RFC 5321, 4.2.1): done, and the least of those that asking again does not change."""


class Mailer(Protocol):
    """Whoever takes our mail."""

    def send(self, message: EmailMessage) -> None:
        """Hand over a mail to one recipient, returning once it has been accepted.

        Raises MailUnavailable when trying later may help, MailRefused when it never will.
        """


class SmtpMailer:
    """SMTP (RFC 5321) to `smtp://`, `smtp+starttls://` or `smtps://[user:password@]host[:port]`.

    Keeps one connection per thread, and opens another when the server has let go of it. Only an answer about
    the recipient or the content refuses a mail: a wrong password or sender is the operator's to mend, and the
    mail waits for that.
    """

    def __init__(self, url: str, *, timeout: float = TIMEOUT) -> None:
        self._url = _checked(url)
        self._timeout = timeout
        self._thread = threading.local()

    def send(self, message: EmailMessage) -> None:
        connection = self._take() or self._connect()
        try:
            connection.send_message(message)
        except OSError as error:
            connection.close()
            raise _verdict(error) from error
        except BaseException:
            connection.close()
            raise
        self._thread.connection = connection

    def close(self) -> None:
        """Let go of this thread's connection."""
        if connection := self._take():
            connection.close()

    def _take(self) -> smtplib.SMTP | None:
        """The thread's connection, no longer kept, if the server still answers on it."""
        connection: smtplib.SMTP | None = self._thread.__dict__.pop("connection", None)
        if connection is None or _answers(connection):
            return connection
        connection.close()
        return None

    def _connect(self) -> smtplib.SMTP:
        try:
            return self._greet()
        except OSError as error:
            raise MailUnavailable(f"The mail server cannot be used: {_words(error)}") from error

    def _greet(self) -> smtplib.SMTP:
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
            if url.username:
                connection.login(unquote(url.username), unquote(url.password or ""))
        except BaseException:
            connection.close()
            raise
        return connection


@cache
def mailer() -> Mailer:
    """The mailer of this process, to ORDERX_SMTP_URL; raises NotConfigured when that is missing or wrong."""
    return SmtpMailer(settings().need("smtp_url"))


# A forked worker shares its parent's sockets; two processes must not talk on one connection.
os.register_at_fork(after_in_child=mailer.cache_clear)


def _checked(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in PORTS and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        # Without the URL itself, which may hold a password.
        raise NotConfigured("ORDERX_SMTP_URL must be smtp://, smtp+starttls:// or smtps:// and name a host")
    return parts


def _answers(connection: smtplib.SMTP) -> bool:
    try:
        code, _ = connection.noop()
    except OSError:
        return False
    return code == OK


def _verdict(error: OSError) -> MailUnavailable | MailRefused:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        error = smtplib.SMTPDataError(*next(iter(error.recipients.values())))
    final = isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= PERMANENT
    return (MailRefused if final else MailUnavailable)(f"The mail server did not take it: {_words(error)}")


def _words(error: OSError) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        reply = error.smtp_error
        return f"{error.smtp_code} {reply.decode(errors='replace') if isinstance(reply, bytes) else reply}"
    return str(error) or type(error).__name__
