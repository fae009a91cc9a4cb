"""Shops: where a company sells."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base
from kit.ids import new_id


class Shop(Base):
    """One shop of a company; buyers enter a company through its shops."""

    __tablename__ = "shops"
    __table_args__ = (UniqueConstraint("company_id", "name"), UniqueConstraint("company_id", "id"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id"))
    name: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
