"""Reading users and what they may do where."""

from uuid import UUID

from sqlalchemy import Row, exists, select, true

from domain.identity.errors import EmailUnverified, LoginOver, NotAMember, UserNotFound, WrongCredentials
from domain.identity.models import Login, Membership, User
from domain.identity.roles import CUSTOMER, strongest
from kit import db, tenancy
from kit.paging import page


def the_user(*, user_id: UUID) -> User:
    """The current user, or a colleague in the current company; raises UserNotFound."""
    user = db.session().get(User, user_id)
    if user is None:
        raise UserNotFound
    return user


def the_verified_user(*, user_id: UUID) -> User:
    """The current user; raises EmailUnverified unless they have shown that they read the mails to their address."""
    # Held until the transaction ends, lest they are erased while something is written under their name.
    user = db.session().get(User, user_id, with_for_update={"read": True, "key_share": True}, populate_existing=True)
    if user is None:
        raise UserNotFound
    if user.verified_at is None:
        raise EmailUnverified
    return user


def hold_password(*, user_id: UUID, password_hash: str) -> None:
    """Keep the current user's password from being changed until the transaction ends.

    Raises WrongCredentials if their hash is no longer this one.
    """
    held = select(User.id).where(User.id == user_id, User.password_hash == password_hash).with_for_update(read=True)
    if db.session().scalar(held) is None:
        raise WrongCredentials


def user_by_email(*, email: str) -> User | None:
    """Whoever registered with this mail address (lower case), for logging in."""
    session = db.session()
    tenancy.reveal_user_by_email(session, email)
    return session.scalar(select(User).where(User.email == email))


def the_user_at(*, email: str) -> User:
    """Whoever registered with this mail address (lower case); raises UserNotFound."""
    user = user_by_email(email=email)
    if user is None:
        raise UserNotFound
    return user


def memberships_of(*, user_id: UUID) -> list[Membership]:
    """Every role the current user has, in any company, the oldest first."""
    return list(db.session().scalars(select(Membership).filter_by(user_id=user_id).order_by(Membership.id)))


def members(
    *, company_id: UUID, shop_id: UUID | None = None, limit: int, after: UUID | None = None
) -> list[Row[tuple[Membership, User]]]:
    """Who holds which role in the current company (if given: in that shop), the oldest first, from behind `after`."""
    query = select(Membership, User).join(User, User.id == Membership.user_id)
    query = query.where(Membership.company_id == company_id)
    if shop_id is not None:
        query = query.where(Membership.shop_id == shop_id)
    return list(db.session().execute(page(query, Membership.id, limit=limit, after=after)))


def membership_in(*, user_id: UUID, company_id: UUID) -> Membership:
    """What the current user may do in the company, by their strongest role there; raises NotAMember."""
    held = memberships_of(user_id=user_id)
    membership = strongest(m for m in held if m.company_id == company_id or m.role == "super_admin")
    if membership is None:
        raise NotAMember
    return membership


def is_still(role: str, *, login_id: UUID | None, user_id: UUID, company_id: UUID | None, shop_id: UUID | None) -> bool:
    """Whether the current user holds this role there now; whoever has not been erased is a customer.

    Raises LoginOver when this login of theirs has ended.
    """
    is_live = exists().where(Login.id == login_id, Login.user_id == user_id, Login.ended_at.is_(None))
    held = exists().where(
        Membership.user_id == user_id, Membership.role == role, Membership.shop_id.is_not_distinct_from(shop_id),
        (Membership.company_id == company_id) | (Membership.role == "super_admin"),
    )  # fmt: skip
    now = select(is_live, true() if role == CUSTOMER else held).where(User.id == user_id, User.erased_at.is_(None))
    found = db.session().execute(now).one_or_none()
    if found is None:
        return False
    logged_in, in_role = found
    if not logged_in:
        raise LoginOver
    return bool(in_role)


def default_company(*, user_id: UUID) -> UUID | None:
    """The company the current user chose last; None for customers, and once they have no role there any more."""
    chosen = select(User.chosen_company_id).where(
        User.id == user_id,
        exists().where(
            Membership.user_id == user_id,
            (Membership.company_id == User.chosen_company_id) | (Membership.role == "super_admin"),
        ),
    )
    return db.session().scalar(chosen)
