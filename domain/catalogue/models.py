"""The catalogue: products and their prices."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, within_company
from kit.ids import new_id


class Product(Base):
    """A product of a shop. `price` is in minor units of `currency`, which is the company's.

    Stock below `low_stock_threshold` (units) is low; null stands for the company's threshold.
    """

    __tablename__ = "products"
    __table_args__ = (
        UniqueConstraint("company_id", "sku"),
        UniqueConstraint("company_id", "id"),
        within_company("shop_id", "shops"),
        CheckConstraint("price >= 0", name="price"),
        CheckConstraint("low_stock_threshold >= 0", name="low_stock"),
        Index(None, "shop_id", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    company_id: Mapped[UUID]
    shop_id: Mapped[UUID]
    sku: Mapped[str]
    name: Mapped[str]
    price: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    low_stock_threshold: Mapped[int | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
