"""The slugs of products: names in public addresses. Old ones go on leading to their product."""

from uuid import UUID

from domain.catalogue.errors import SlugTaken
from domain.catalogue.models import Product
from kit import db

_INSERT_SLUG = """
    INSERT INTO product_slugs (company_id, slug, product_id) VALUES (%(company)s, %(slug)s, %(product)s)
    ON CONFLICT (company_id, slug) DO NOTHING"""
_FIND_PRODUCT = "SELECT product_id FROM product_slugs WHERE slug = %(slug)s"


def keep(product: Product) -> None:
    """Record the slug of the product, if it has one; raises SlugTaken if another product has or had it."""
    if product.slug is None:
        return
    db.run(_INSERT_SLUG, {"company": product.company_id, "slug": product.slug, "product": product.id})
    if product_with(slug=product.slug) != product.id:
        raise SlugTaken


def product_with(*, slug: str) -> UUID | None:
    """The product of the current company that has or had the slug."""
    row = db.run(_FIND_PRODUCT, {"slug": slug}).fetchone()
    return row[0] if row else None
