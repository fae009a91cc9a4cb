"""Reading mails."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from domain.notifications.models import Mail
from kit import db


def mails_of_order(*, company_id: UUID, order_id: UUID) -> Sequence[Mail]:
    """List the order's mails, sent or not, in the order of their creation."""
    mails = select(Mail).where(Mail.company_id == company_id, Mail.order_id == order_id)
    return db.session().scalars(mails.order_by(Mail.created_at, Mail.id)).all()
