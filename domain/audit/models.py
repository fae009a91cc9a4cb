"""What is written down so that others can see who did what."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base
from kit.ids import new_id


class SuperAdminRequest(Base):
    """What a super admin asked of a company, or of all of them at once (`acted_for` null); never changed or deleted.

    `request` is the method and the path, as `GET /api/orders`.
    """

    __tablename__ = "super_admin_requests"
    __table_args__ = (Index(None, "acted_for", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    acted_for: Mapped[UUID | None] = mapped_column(ForeignKey("companies.id"))
    request: Mapped[str]
    request_id: Mapped[str]
    asked_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class OperatorAction(Base):
    """What an operator did to a user's account, and why; never changed or deleted.

    `operator` is the name that the operator gave, or their login name.
    """

    __tablename__ = "operator_actions"
    __table_args__ = (Index(None, "user_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    action: Mapped[str]
    reason: Mapped[str]
    operator: Mapped[str]
    acted_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
