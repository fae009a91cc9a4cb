"""Audit records of super admins and operators."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base
from kit.ids import new_id
from kit.personal_data import PERSONAL


class SuperAdminRequest(Base):
    """A super admin's request to a company, or to all companies (`target_company_id` null). Append-only.

    `request` is the method and the path, as in `GET /api/orders`.
    """

    __tablename__ = "super_admin_requests"
    __table_args__ = (Index(None, "target_company_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), info=PERSONAL)
    target_company_id: Mapped[UUID | None] = mapped_column(ForeignKey("companies.id"))
    request: Mapped[str]
    request_id: Mapped[str]
    requested_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class OperatorAction(Base):
    """An operator's action on a user's account, with the reason. Append-only.

    `operator` is the name given by the operator, or the operating system's user name.
    """

    __tablename__ = "operator_actions"
    __table_args__ = (Index(None, "user_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), info=PERSONAL)
    action: Mapped[str]
    reason: Mapped[str] = mapped_column(info=PERSONAL)
    operator: Mapped[str] = mapped_column(info=PERSONAL)
    acted_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
