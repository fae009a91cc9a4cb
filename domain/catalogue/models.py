"""The catalogue: products, their variants, and the shops that sell them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, PrimaryKeyConstraint, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, Json, within_company
from kit.ids import new_id


class Product(Base):
    """A product. `shop_id` is the shop that maintains it; the shops that sell it have a Listing.

    `options` are what its variants differ in: `[{"name": "Size", "values": ["A5", "A4"]}]`. The first variant has the
    product's id, and its `sku`, `price` (minor units of `currency`, which is the company's) and `low_stock_threshold`:
    a trigger (copy_to_first_variant) copies them. Each change of the product or of its variants increases `version`.

    It is on sale as `publication.IS_ON_SALE` says. `slug` is its name in public addresses, `external_id` its id in a
    system of the company. Lines of orders have a multiple of `quantity_step` units, from the minimum to the maximum.
    """

    __tablename__ = "products"
    __table_args__ = (
        UniqueConstraint("company_id", "sku"),
        UniqueConstraint("company_id", "id"),
        within_company("shop_id", "shops"),
        CheckConstraint("price >= 0", name="price"),
        CheckConstraint("low_stock_threshold >= 0", name="low_stock"),
        CheckConstraint("status IN ('draft', 'active', 'archived')", name="status"),
        CheckConstraint("unpublish_at > publish_at", name="sale_times"),
        CheckConstraint("min_quantity >= 1 AND quantity_step >= 1 AND max_quantity >= min_quantity", name="quantities"),
        Index(None, "shop_id", "id"),
        Index(None, "company_id", "external_id", unique=True),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    company_id: Mapped[UUID]
    shop_id: Mapped[UUID]
    sku: Mapped[str]
    name: Mapped[str]
    price: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    low_stock_threshold: Mapped[int | None]
    options: Mapped[list[Json]] = mapped_column(JSONB, server_default=text("'[]'"))
    status: Mapped[str] = mapped_column(server_default=text("'active'"))
    publish_at: Mapped[datetime | None]
    unpublish_at: Mapped[datetime | None]
    slug: Mapped[str | None]
    external_id: Mapped[str | None]
    brand: Mapped[str | None]
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    description: Mapped[str] = mapped_column(server_default=text("''"))
    seo_title: Mapped[str] = mapped_column(server_default=text("''"))
    seo_description: Mapped[str] = mapped_column(server_default=text("''"))
    manufacturer: Mapped[str] = mapped_column(server_default=text("''"))
    safety_information: Mapped[str] = mapped_column(server_default=text("''"))
    min_quantity: Mapped[int] = mapped_column(server_default=text("1"))
    max_quantity: Mapped[int | None]
    quantity_step: Mapped[int] = mapped_column(server_default=text("1"))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Variant(Base):
    """A variant of a product: what is stocked and ordered. Stock and order lines call its id `product_id`.

    `options` has a value for each option of the product; `title` is these values as text. Stock below
    `low_stock_threshold` (units) is low; null stands for the company's threshold. `content_amount` and `content_unit`
    are what it contains (domain.catalogue.unit_prices).
    """

    __tablename__ = "variants"
    __table_args__ = (
        UniqueConstraint("company_id", "sku"),
        UniqueConstraint("company_id", "id"),
        UniqueConstraint("product_id", "options", deferrable=True, initially="IMMEDIATE"),
        within_company("product_id", "products", ondelete="CASCADE"),
        CheckConstraint("price >= 0", name="price"),
        CheckConstraint("low_stock_threshold >= 0", name="low_stock"),
        CheckConstraint("(content_amount IS NULL) = (content_unit IS NULL) AND content_amount >= 1", name="content"),
        Index(None, "company_id", "gtin"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    company_id: Mapped[UUID]
    product_id: Mapped[UUID]
    position: Mapped[int] = mapped_column(server_default=text("0"))
    sku: Mapped[str]
    title: Mapped[str] = mapped_column(server_default=text("''"))
    options: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    price: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    low_stock_threshold: Mapped[int | None]
    gtin: Mapped[str | None]
    weight_grams: Mapped[int | None]
    length_mm: Mapped[int | None]
    width_mm: Mapped[int | None]
    height_mm: Mapped[int | None]
    origin_country: Mapped[str | None]
    hs_code: Mapped[str | None]
    content_amount: Mapped[int | None]
    content_unit: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Listing(Base):
    """A shop that sells a product."""

    __tablename__ = "listings"
    __table_args__ = (
        within_company("shop_id", "shops"),
        within_company("product_id", "products", ondelete="CASCADE"),
        Index(None, "product_id"),
    )

    shop_id: Mapped[UUID] = mapped_column(primary_key=True)
    product_id: Mapped[UUID] = mapped_column(primary_key=True)
    company_id: Mapped[UUID]
    listed_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class ProductSlug(Base):
    """A slug that a product has or had. An old one leads to the product, and no other product can have it."""

    __tablename__ = "product_slugs"
    __table_args__ = (
        PrimaryKeyConstraint("company_id", "slug"),
        within_company("product_id", "products", ondelete="CASCADE"),
        Index(None, "product_id"),
    )

    slug: Mapped[str]
    company_id: Mapped[UUID]
    product_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Category(Base):
    """A category of products, which may be in another one. `slug` is its name in public addresses."""

    __tablename__ = "categories"
    __table_args__ = (
        UniqueConstraint("company_id", "id"),
        UniqueConstraint("company_id", "slug"),
        within_company("parent_id", "categories"),
        CheckConstraint("parent_id <> id", name="parent"),
        Index(None, "parent_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    company_id: Mapped[UUID]
    parent_id: Mapped[UUID | None]
    name: Mapped[str]
    slug: Mapped[str]
    position: Mapped[int] = mapped_column(server_default=text("0"))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class ProductCategory(Base):
    """A product in a category."""

    __tablename__ = "product_categories"
    __table_args__ = (
        within_company("category_id", "categories"),
        within_company("product_id", "products", ondelete="CASCADE"),
        Index(None, "product_id"),
    )

    category_id: Mapped[UUID] = mapped_column(primary_key=True)
    product_id: Mapped[UUID] = mapped_column(primary_key=True)
    company_id: Mapped[UUID]
