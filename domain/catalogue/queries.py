"""Reading the catalogue."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, exists, select

from domain.catalogue.errors import CategoryNotFound, ProductNotFound
from domain.catalogue.models import Category, Listing, Product, ProductCategory, Variant
from domain.catalogue.publication import is_on_sale
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


def the_product_on_sale(*, product_id: UUID, shop_id: UUID, now: datetime) -> Product:
    """Return a product that the shop sells to everybody now; raises ProductNotFound."""
    product = db.session().scalar(_sold_in(shop_id).where(Product.id == product_id, is_on_sale(now)))
    if product is None:
        raise ProductNotFound
    return product


def require_variant(*, variant_id: UUID, shop_id: UUID | None = None) -> None:
    """Raise ProductNotFound unless the current company has the variant (of a product that the shop sells, if given)."""
    variant = db.session().get(Variant, variant_id)
    if variant is None:
        raise ProductNotFound
    the_product(product_id=variant.product_id, shop_id=shop_id, or_maintained=True)


def products(
    *,
    limit: int,
    after: UUID | None = None,
    shop_id: UUID | None = None,
    external_id: str | None = None,
    status: str | None = None,
    on_sale_at: datetime | None = None,
    category_ids: Collection[UUID] | None = None,
) -> Page[Product]:
    """List the current company's products (that the shop sells, if given), the oldest first, after the id `after`.

    `on_sale_at` leaves out those that are not on sale then, `category_ids` those that are in none of the categories.
    """
    query = select(Product) if shop_id is None else _sold_in(shop_id)
    if on_sale_at is not None:
        query = query.where(is_on_sale(on_sale_at))
    if category_ids is not None:
        query = query.where(
            exists().where(ProductCategory.product_id == Product.id, ProductCategory.category_id.in_(category_ids))
        )
    if external_id is not None:
        query = query.where(Product.external_id == external_id)
    if status is not None:
        query = query.where(Product.status == status)
    return page(query, Product.id, limit=limit, after=after)


def _sold_in(shop_id: UUID) -> Select[Product]:
    return select(Product).join(Listing, Listing.product_id == Product.id).where(Listing.shop_id == shop_id)


def variants(*, product_id: UUID, limit: int, after: UUID | None = None) -> Page[Variant]:
    """List the variants of a product, the oldest first, after the id `after`."""
    return page(select(Variant).filter_by(product_id=product_id), Variant.id, limit=limit, after=after)


def the_category(*, category_id: UUID) -> Category:
    """Return a category of the current company; raises CategoryNotFound."""
    category = db.session().get(Category, category_id)
    if category is None:
        raise CategoryNotFound
    return category


def categories(*, limit: int, after: UUID | None = None) -> Page[Category]:
    """List the current company's categories, the oldest first, after the id `after`."""
    return page(select(Category), Category.id, limit=limit, after=after)


def category_tree() -> list[Category]:
    """All categories of the current company, siblings in their order."""
    return list(db.session().scalars(select(Category).order_by(Category.position, Category.id)))


def categories_of(*, product_id: UUID) -> list[UUID]:
    """The ids of the categories of a product."""
    query = select(ProductCategory.category_id).filter_by(product_id=product_id).order_by(ProductCategory.category_id)
    return list(db.session().scalars(query))


_FIND_WITH_DESCENDANTS = """
    WITH RECURSIVE found (id) AS (
        SELECT id FROM categories WHERE slug = %(slug)s
        UNION SELECT c.id FROM categories c JOIN found f ON c.parent_id = f.id
    )
    SELECT id FROM found"""


def category_with_descendants(*, slug: str) -> list[UUID]:
    """The ids of a category of the current company and of all categories in it; raises CategoryNotFound."""
    found = [category_id for (category_id,) in db.run(_FIND_WITH_DESCENDANTS, {"slug": slug})]
    if not found:
        raise CategoryNotFound
    return found


def all_variants(product_id: UUID) -> list[Variant]:
    """All variants of a product, in the order in which a shop shows them."""
    return list(db.session().scalars(select(Variant).filter_by(product_id=product_id).order_by(Variant.position)))


def known_variants(variant_ids: Collection[UUID]) -> set[UUID]:
    """Those of the ids that are variants of the current company."""
    return set(db.session().scalars(select(Variant.id).where(Variant.id.in_(variant_ids))))
