"""What can go wrong with a mail."""

from kit.errors import DomainError, NotFound, Unavailable


class MailNotFound(NotFound):
    """There is no such mail."""

    code = "mail_not_found"


class MailUnavailable(Unavailable):
    """The mail server does not take mail just now; try again later."""

    code = "mail_unavailable"


class MailServerGone(MailUnavailable):
    """There is no mail server to speak to just now, for any mail; try again later."""

    code = "mail_server_gone"


class MailRefused(DomainError):
    """The mail can never be delivered to this recipient."""

    code = "mail_refused"


class LeaseLost(MailUnavailable):
    """The claim on this mail ran out before it could be handed over."""

    code = "lease_lost"
