"""Remove the second factor of a user who is locked out, for an operator."""

from datetime import datetime

from domain.accounts import account_mail, queries, second_factor
from domain.accounts.errors import SecondFactorNotEnabled
from domain.accounts.models import User
from domain.audit import records
from kit import db
from kit.tenancy import Tenant


def remove_second_factor(*, email: str, reason: str, operator: str, now: datetime) -> User:
    """Remove the second factor of the user with this email address, record who did so and why, and mail the user.

    Raises UserNotFound, SecondFactorNotEnabled.
    """
    user = queries.the_user_by_email(email=email.lower())
    db.act_for(Tenant(user_id=user.id))
    if second_factor.recovery_codes_remaining(user_id=user.id) is None:
        raise SecondFactorNotEnabled
    second_factor.disable(user_id=user.id)
    records.record_operator_action(user_id=user.id, action="remove_second_factor", reason=reason, operator=operator)
    account_mail.send("second_factor_removed", user, now=now)
    return user
