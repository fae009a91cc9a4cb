"""Errors of accounts and sessions."""

from kit.errors import Conflict, Forbidden, NotFound, Unauthenticated


class UserNotFound(NotFound):
    """There is no such user."""

    code = "user_not_found"


class EmailTaken(Conflict):
    """A user with this email address already exists: log in instead."""

    code = "email_taken"


class InvalidCredentials(Unauthenticated):
    """The email address, the password or the company is wrong."""

    code = "invalid_credentials"


class EmailUnverified(Forbidden):
    """Verify your email address first: follow the link in the email we sent you, or request a new one."""

    code = "email_unverified"


class LinkExpired(Conflict):
    """The link has expired or has been used already: request a new one."""

    code = "link_expired"


class SecondFactorRequired(Unauthenticated):
    """The account has a second factor: send a code from your authenticator app as well."""

    code = "second_factor_required"


class InvalidSecondFactorCode(Unauthenticated):
    """The code is wrong or has been used already."""

    code = "invalid_second_factor_code"


class SecondFactorAlreadyEnabled(Conflict):
    """Your second factor is already enabled: remove it first."""

    code = "second_factor_already_enabled"


class SecondFactorNotEnabled(Conflict):
    """The user has no second factor."""

    code = "second_factor_not_enabled"


class SessionEnded(Unauthenticated):
    """Your session has ended: log in again."""

    code = "session_ended"


class SessionNotFound(NotFound):
    """You have no such session, or it has ended already."""

    code = "session_not_found"


class AddressNotFound(NotFound):
    """You have no such address."""

    code = "address_not_found"


class TooManyAddresses(Conflict):
    """You have reached the maximum number of addresses: delete one first."""

    code = "too_many_addresses"
