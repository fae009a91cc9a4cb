"""Reading the catalogue."""

from uuid import UUID

from sqlalchemy import select

from domain.catalogue.errors import ProductNotFound
from domain.catalogue.models import Listing, Product, Variant
from kit import db
from kit.paging import Page, page


def the_product(*, product_id: UUID, shop_id: UUID | None = None, or_maintained: bool = False) -> Product:
    """Return a product of the current company (that the shop sells, if given); raises ProductNotFound.

    With `or_maintained`, also one that the shop maintains and does not sell.
    """
    product = db.session().get(Product, product_id)
    if product is None:
        raise ProductNotFound
    if shop_id is None or (or_maintained and product.shop_id == shop_id):
        return product
    if db.session().get(Listing, (shop_id, product_id)) is None:
        raise ProductNotFound
    return product


def require_variant(*, variant_id: UUID, shop_id: UUID | None = None) -> None:
    """Raise ProductNotFound unless the current company has the variant (of a product that the shop sells, if given)."""
    variant = db.session().get(Variant, variant_id)
    if variant is None:
        raise ProductNotFound
    the_product(product_id=variant.product_id, shop_id=shop_id, or_maintained=True)


def products(*, limit: int, after: UUID | None = None, shop_id: UUID | None = None) -> Page[Product]:
    """List the current company's products (that the shop sells, if given), the oldest first, after the id `after`."""
    query = select(Product)
    if shop_id is not None:
        query = query.join(Listing, Listing.product_id == Product.id).where(Listing.shop_id == shop_id)
    return page(query, Product.id, limit=limit, after=after)


def variants(*, product_id: UUID, limit: int, after: UUID | None = None) -> Page[Variant]:
    """List the variants of a product, the oldest first, after the id `after`."""
    return page(select(Variant).filter_by(product_id=product_id), Variant.id, limit=limit, after=after)
