"""The port to the mail server, and the client that speaks SMTP to it."""

import os
import re
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

from domain.notifications.errors import MailRefused, MailServerGone, MailUnavailable
from kit.config import settings
from kit.errors import NotConfigured

PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
TIMEOUT = 10.0
"""Seconds to wait for each answer of the server."""
DONE, GO_ON, PERMANENT = 200, 300, 500
"""Reply codes from these on (RFC 5321, 4.2.1): done, waiting for the content, and asking again does not change it."""
LONG_IDLE = 5.0
"""Seconds after which a connection may be gone without our having been told."""


@dataclass(frozen=True, slots=True)
class Message:
    """A mail to one recipient: the envelope's two addresses, and the content (RFC 5322) in 7-bit CRLF lines."""

    sender: str
    recipient: str
    content: bytes


class Mailer(Protocol):
    """Whoever takes our mail."""

    def send(self, message: Message) -> None:
        """Hand over a mail, returning once it has been accepted.

        Raises MailUnavailable when trying later may help (MailServerGone: for any mail), MailRefused when it never
        will.
        """


class SmtpMailer:
    """SMTP (RFC 5321) to `smtp://`, `smtp+starttls://` or `smtps://[user:password@]host[:port]`.

    Keeps its connections for the next mail of whichever thread, each used by one at a time, and opens another when the
    server has let go of them. Says what it has to in one go where the server lets it (RFC 2920). Only an answer about
    the recipient or the content refuses a mail: a wrong password or sender is the operator's to mend, and the mail
    waits for that.
    """

    def __init__(self, url: str, *, timeout: float = TIMEOUT) -> None:
        self._url = _checked(url)
        self._timeout = timeout
        self._idle: deque[tuple[smtplib.SMTP, float]] = deque()
        """Connections that nobody uses, and since when (seconds of the monotonic clock); the last used is the last."""

    def send(self, message: Message) -> None:
        connection = self._take() or self._connect()
        try:
            _hand_over(connection, message)
        except OSError as error:
            connection.close()
            raise _verdict(error) from error
        except BaseException:
            connection.close()
            raise
        self._idle.append((connection, time.monotonic()))

    def close(self) -> None:
        """Let go of the connections that nobody uses."""
        while self._idle:
            self._idle.pop()[0].close()

    def _take(self) -> smtplib.SMTP | None:
        """The connection used last, no longer idle, if it can still be used."""
        with suppress(IndexError):
            while True:
                connection, last_used = self._idle.pop()
                if _usable(connection, last_used):
                    return connection
                connection.close()
        return None

    def _connect(self) -> smtplib.SMTP:
        try:
            return self._greet()
        except OSError as error:
            raise MailServerGone(f"The mail server cannot be used: {_words(error)}") from error

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
            connection.ehlo_or_helo_if_needed()
            if url.username:
                connection.login(unquote(url.username), unquote(url.password or ""))
        except BaseException:
            connection.close()
            raise
        return connection


@cache
def mailer() -> Mailer:
    """The mailer of this process, to ORDERX_SMTP_URL; raises NotConfigured when that is missing or wrong."""
    return SmtpMailer(settings().require("smtp_url"))


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


def _usable(connection: smtplib.SMTP, last_used: float) -> bool:
    # A server speaks unasked only to say good-bye.
    if connection.sock is None or wait([connection.sock], timeout=0):
        return False
    return time.monotonic() - last_used < LONG_IDLE or _answers(connection)


def _answers(connection: smtplib.SMTP) -> bool:
    try:
        code, _ = connection.noop()
    except OSError:
        return False
    return DONE <= code < GO_ON


def _hand_over(connection: smtplib.SMTP, message: Message) -> None:
    size = f" SIZE={len(message.content)}" if connection.has_extn("size") else ""
    mail, recipient, data = f"MAIL FROM:<{message.sender}>{size}", f"RCPT TO:<{message.recipient}>", "DATA"
    in_one_go = connection.has_extn("pipelining")
    if in_one_go:
        connection.send(f"{mail}\r\n{recipient}\r\n{data}\r\n")
    say = (lambda _: connection.getreply()) if in_one_go else connection.docmd
    _heed(say(mail), DONE, smtplib.SMTPResponseException)
    _heed(say(recipient), DONE, smtplib.SMTPDataError)
    _heed(say(data), GO_ON, smtplib.SMTPDataError)
    connection.send(_DOT_AT_FIRST.sub(b"..", message.content) + b".\r\n")
    _heed(connection.getreply(), DONE, smtplib.SMTPDataError)


_DOT_AT_FIRST = re.compile(rb"^\.", re.MULTILINE)
"""Is doubled, so that no line of a mail is taken for its end (RFC 5321, 4.5.2)."""


def _heed(answer: tuple[int, bytes], wanted: int, no: type[smtplib.SMTPResponseException]) -> None:
    if not wanted <= answer[0] < wanted + 100:
        raise no(*answer)


def _verdict(error: OSError) -> MailUnavailable | MailRefused:
    said = f"The mail server did not take it: {_words(error)}"
    if not isinstance(error, smtplib.SMTPResponseException):
        return MailServerGone(said)
    final = isinstance(error, smtplib.SMTPDataError) and error.smtp_code >= PERMANENT
    return MailRefused(said) if final else MailUnavailable(said)


def _words(error: OSError) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        reply = error.smtp_error
        said = reply.decode(errors="replace") if isinstance(reply, bytes) else reply
        return f"{error.smtp_code} {said}".replace("\0", "\N{REPLACEMENT CHARACTER}")  # PostgreSQL keeps no NUL
    return str(error) or type(error).__name__
