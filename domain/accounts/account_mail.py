"""Mails about accounts: their recipients and links."""

from datetime import datetime, timedelta

from domain.accounts import one_time_links
from domain.accounts.events import RESET_FOR_UNKNOWN_EMAIL, NoData
from domain.accounts.models import TimingDecoy, User
from domain.accounts.one_time_links import Purpose
from domain.notifications import mail_queue as notifications
from domain.notifications.context import AccountTemplate
from kit import db, secret_tokens
from kit.config import settings
from kit.ids import new_id
from kit.messaging import events
from kit.tenancy import Tenant

_LINK_PURPOSES: dict[AccountTemplate, Purpose] = {
    "verify_email": "verify_email",
    "registered_already": "reset_password",
    "reset_password": "reset_password",
    "password_changed": "reset_password",
    "second_factor_removed": "reset_password",
}


def send(template: AccountTemplate, user: User, *, now: datetime) -> None:
    """Enqueue this mail to the user, with a new link. The transaction acts for the user from now on."""
    db.act_for(Tenant(user_id=user.id))
    purpose, site = _LINK_PURPOSES[template], settings().require("public_url")
    path = link_path(purpose.replace("_", "-"), one_time_links.create(user_id=user.id, purpose=purpose, now=now))
    notifications.enqueue_account_mail(
        user_id=user.id, recipient=user.email, template=template, occasion=f"{template}:{new_id()}",
        context={"site": site, "link": site + path, "hours": one_time_links.LIFETIMES[purpose] // timedelta(hours=1)},
    )  # fmt: skip


def send_decoy(*, now: datetime) -> None:
    """Write as many rows as send(), without effect, so that the response time does not reveal who is registered."""
    db.act_for(Tenant())
    token, site = secret_tokens.new_token(), settings().require("public_url")
    link = {"hash": secret_tokens.hash_of(token).hex(), "purpose": "reset_password", "expires_at": str(now)}
    mail = {
        "site": site,
        "link": site + link_path("reset-password", secret_tokens.new_token()),
        "occasion": str(new_id()),
    }
    for context in (link, mail):
        db.session().add(TimingDecoy(id=new_id(), context=context, created_at=now))
        db.session().flush()
    events.publish(RESET_FOR_UNKNOWN_EMAIL, NoData(), subject=new_id(), company_id=None)


def link_path(purpose: str, token: str) -> str:
    """Return the path of our page for a link in a mail, with its token (`purpose` in kebab-case)."""
    # Browsers send the part after # to no server, so the token is in no log and no Referer header.
    return f"/api/auth/links/{purpose}#{token}"
