"""Companies: the tenants. Seed A's merchant is a company."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, Json
from kit.ids import new_id


class Company(Base):
    """A tenant: everything it sells is priced in its one currency."""

    __tablename__ = "companies"
    __table_args__ = (CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    email: Mapped[str]
    currency: Mapped[str]
    allows_discount: Mapped[bool] = mapped_column(server_default=text("false"))
    accepts_raw_cards: Mapped[bool] = mapped_column(server_default=text("true"))
    settings: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
