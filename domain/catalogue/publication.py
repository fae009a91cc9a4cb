"""Whether a product is on sale, and in which quantities."""

from datetime import datetime

from sqlalchemy import ColumnElement, or_

from domain.catalogue.models import Product

STATUSES = ("draft", "active", "archived")
"""Only active products are sold, from `publish_at` until `unpublish_at`."""

IS_ON_SALE = """(p.status = 'active' AND (p.publish_at IS NULL OR p.publish_at <= %(now)s)
    AND (p.unpublish_at IS NULL OR p.unpublish_at > %(now)s))"""
"""SQL condition: the product `p` is on sale at the time `now`."""


def is_on_sale(now: datetime) -> ColumnElement[bool]:
    """The same condition on Product, for SQLAlchemy."""
    has_begun = or_(Product.publish_at.is_(None), Product.publish_at <= now)
    has_not_ended = or_(Product.unpublish_at.is_(None), Product.unpublish_at > now)
    return (Product.status == "active") & has_begun & has_not_ended


def quantity_error(quantity: int, *, minimum: int, maximum: int | None, step: int) -> str | None:
    """Why a line cannot have this number of units; None if it can."""
    if quantity < minimum:
        return f"Order at least {minimum}."
    if maximum is not None and quantity > maximum:
        return f"Order at most {maximum}."
    if quantity % step:
        return f"Order a multiple of {step}."
    return None
