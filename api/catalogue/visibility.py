"""Which products a caller sees: members all of their shops, customers what a shop sells now."""

from uuid import UUID

from api.auth.caller import current_caller
from domain.catalogue import queries
from domain.catalogue.models import Product
from kit import clock


def is_member() -> bool:
    """Whether the caller acts for a company."""
    return current_caller().company_id is not None


def visible_product(product_id: UUID, shop_id: UUID | None) -> Product:
    """Return a product that the caller sees in the shop (a member without one: anywhere); raises ProductNotFound."""
    if shop_id is None or is_member():
        return queries.the_product(product_id=product_id, shop_id=shop_id, or_maintained=True)
    return queries.the_product_on_sale(product_id=product_id, shop_id=shop_id, now=clock.now())
