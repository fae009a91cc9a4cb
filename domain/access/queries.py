"""Reading memberships: who has which role."""

from uuid import UUID

from sqlalchemy import Row, exists, select, true

from domain.access.errors import NotAMember
from domain.access.models import Membership
from domain.access.roles import CUSTOMER, highest
from domain.accounts.errors import SessionEnded
from domain.accounts.models import User, UserSession
from kit import db
from kit.paging import Page, page_of_rows


def memberships_of(*, user_id: UUID) -> list[Membership]:
    """List the current user's memberships in all companies, the oldest first."""
    return list(db.session().scalars(select(Membership).filter_by(user_id=user_id).order_by(Membership.id)))


def members(
    *, company_id: UUID, shop_id: UUID | None = None, limit: int, after: UUID | None = None
) -> Page[Row[Membership, User]]:
    """List the current company's (or only the shop's) memberships and users, the oldest first, after the id `after`."""
    query = select(Membership, User).join(User, User.id == Membership.user_id)
    query = query.where(Membership.company_id == company_id)
    if shop_id is not None:
        query = query.where(Membership.shop_id == shop_id)
    return page_of_rows(query, Membership.id, limit=limit, after=after)


def membership_in(*, user_id: UUID, company_id: UUID) -> Membership:
    """Return the current user's membership with the highest role in the company; raises NotAMember."""
    memberships = memberships_of(user_id=user_id)
    membership = highest(m for m in memberships if m.company_id == company_id or m.role == "super_admin")
    if membership is None:
        raise NotAMember
    return membership


def has_role(
    role: str, *, session_id: UUID | None, user_id: UUID, company_id: UUID | None, shop_id: UUID | None
) -> bool:
    """Check whether the current user has this role now. Every user who is not erased is a customer.

    Raises SessionEnded when the session has ended.
    """
    is_active = exists().where(
        UserSession.id == session_id, UserSession.user_id == user_id, UserSession.ended_at.is_(None)
    )
    is_member = exists().where(
        Membership.user_id == user_id, Membership.role == role, Membership.shop_id.is_not_distinct_from(shop_id),
        (Membership.company_id == company_id) | (Membership.role == "super_admin"),
    )  # fmt: skip
    query = select(is_active, true() if role == CUSTOMER else is_member).where(
        User.id == user_id, User.erased_at.is_(None)
    )
    row = db.session().execute(query).one_or_none()
    if row is None:
        return False
    session_is_active, has_role_now = row
    if not session_is_active:
        raise SessionEnded
    return bool(has_role_now)


def default_company(*, user_id: UUID) -> UUID | None:
    """Return the current user's default company; None if none is set, or if the user is no longer a member of it."""
    chosen = select(User.default_company_id).where(
        User.id == user_id,
        exists().where(
            Membership.user_id == user_id,
            (Membership.company_id == User.default_company_id) | (Membership.role == "super_admin"),
        ),
    )
    return db.session().scalar(chosen)
