"""What identity refuses."""

from kit.errors import Conflict, Forbidden, NotFound, Unauthenticated


class UserNotFound(NotFound):
    """There is no such user."""

    code = "user_not_found"


class EmailTaken(Conflict):
    """Somebody has registered with this mail address already: log in instead."""

    code = "email_taken"


class WrongCredentials(Unauthenticated):
    """The mail address, the password or the company is wrong."""

    code = "wrong_credentials"


class EmailUnverified(Forbidden):
    """Verify your mail address first: follow the link in the mail we have sent you, or ask for another one."""

    code = "email_unverified"


class LinkOver(Conflict):
    """The link has been used, or has lapsed: ask for another one."""

    code = "link_over"


class SecondFactorNeeded(Unauthenticated):
    """Send a code of your authenticator app, too."""

    code = "second_factor_needed"


class WrongCode(Unauthenticated):
    """The code is wrong, or has been used."""

    code = "wrong_code"


class SecondFactorOn(Conflict):
    """Your second factor is on already: remove it first."""

    code = "second_factor_on"


class SecondFactorOff(Conflict):
    """The user has no second factor."""

    code = "second_factor_off"


class KeyInvalid(Unauthenticated):
    """The API key is no good: it has lapsed or was revoked, its maker has left, or it never was."""

    code = "key_invalid"


class KeyNotFound(NotFound):
    """Your company has no such API key, or it was revoked before."""

    code = "key_not_found"


class LoginOver(Unauthenticated):
    """Your login has ended: log in again."""

    code = "login_over"


class LoginNotFound(NotFound):
    """You have no such login, or it has ended."""

    code = "login_not_found"


class NotAMember(NotFound):
    """There is no such company, or you do not belong to it."""

    code = "company_not_found"


class OrdersUnderWay(Conflict):
    """An order of yours is under way, or was paid for less than 30 days ago and may yet be: wait for it."""

    code = "orders_under_way"


class AddressNotFound(NotFound):
    """You have no such address."""

    code = "address_not_found"


class TooManyAddresses(Conflict):
    """You have as many addresses as there may be: forget one first."""

    code = "too_many_addresses"


class MemberNotFound(NotFound):
    """Nobody in your company holds that membership."""

    code = "member_not_found"


class MembershipNotFound(NotFound):
    """You have no such role in a company."""

    code = "membership_not_found"


class InvitationNotFound(NotFound):
    """Your company has no such invitation."""

    code = "invitation_not_found"


class RegisterFirst(Conflict):
    """Register with the mail address you were invited at and verify it; then follow the link again."""

    code = "register_first"


class NotYoursToGive(Forbidden):
    """You can neither give nor take away what you do not hold yourself."""

    code = "not_yours_to_give"


class AlreadyMember(Conflict):
    """They have this role already."""

    code = "already_member"


class LastAdmin(Conflict):
    """Nobody else is an admin of your company: make somebody one first."""

    code = "last_admin"
