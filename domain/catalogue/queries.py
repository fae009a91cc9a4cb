"""Reading the catalogue."""

from uuid import UUID

from sqlalchemy import select

from domain.catalogue.errors import ProductNotFound
from domain.catalogue.models import Product
from kit import db
from kit.paging import Page, page


def the_product(*, product_id: UUID, shop_id: UUID | None = None) -> Product:
    """Return a product of the current company (of the shop, if given); raises ProductNotFound."""
    product = db.session().get(Product, product_id)
    if product is None or shop_id not in (None, product.shop_id):
        raise ProductNotFound
    return product


def products(*, limit: int, after: UUID | None = None, shop_id: UUID | None = None) -> Page[Product]:
    """List the current company's products (of the shop, if given), the oldest first, after the id `after`."""
    query = select(Product) if shop_id is None else select(Product).where(Product.shop_id == shop_id)
    return page(query, Product.id, limit=limit, after=after)
