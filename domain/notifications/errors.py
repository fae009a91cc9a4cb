"""Errors of sending mail."""

from kit.errors import DomainError, NotFound, Unavailable


class MailNotFound(NotFound):
    """There is no such mail."""

    code = "mail_not_found"


class MailDeferred(Unavailable):
    """The mail server did not accept the mail; try again later."""

    code = "mail_deferred"


class MailServerUnreachable(MailDeferred):
    """The mail server cannot be reached; try again later."""

    code = "mail_server_unreachable"


class MailRefused(DomainError):
    """The mail can never be delivered to this recipient."""

    code = "mail_refused"


class LeaseLost(MailDeferred):
    """The lease on this mail expired before the mail was sent."""

    code = "lease_lost"
