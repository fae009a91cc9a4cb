"""Who may call the endpoints of `api.catalogue`, and what the tests send to them."""

from typing import NamedTuple

from domain.catalogue import products
from kit import db
from tests import factories

POLICY = """
endpoint                         super_admin  company_admin  shop_manager  staff  customer  suspended
products.create_product          company      company        shop          -      -         -
products.list_products           company      company        shop          shop   anyone    yes
products.get_product             company      company        shop          shop   anyone    yes
products.update_product          company      company        shop          -      -         -
variants.set_product_variants    company      company        shop          -      -         -
variants.list_product_variants   company      company        shop          shop   anyone    yes
variants.update_product_variant  company      company        shop          -      -         -
variants.list_product_shops      company      company        shop          -      -         yes
variants.list_product_in_shop    company      company        shop          -      -         -
variants.unlist_product_in_shop  company      company        shop          -      -         -
"""

PUBLIC = """
storefront.show_shop
storefront.browse_products
storefront.show_product
"""

BODIES = {
    "products.create_product": {
        "shop_id": "{shop_id}",
        "sku": "{newcomer}",
        "name": "Pen",
        "price": {"amount": 1, "currency": "EUR"},
    },
    "products.update_product": {"name": "Pencil"},
    "variants.set_product_variants": {
        "options": [],
        "variants": [{"sku": "{sku_id}", "price": {"amount": 1999, "currency": "EUR"}}],
    },
    "variants.update_product_variant": {"weight_grams": 250},
}

IN_SHOP = {"shop_id": "{shop_id}"}
QUERIES = {
    "products.list_products": IN_SHOP,
    "products.get_product": IN_SHOP,
    "variants.list_product_variants": IN_SHOP,
}

LISTED = {"products.list_products": "product_id", "variants.list_product_variants": "variant_id"}

LAST = {"variants.unlist_product_in_shop"}


class Sku(NamedTuple):
    """The SKU of the product, for a body that names it."""

    id: str


def rows(at):
    product = factories.make_product(at.shop)
    with db.transaction(factories.acting_for(product)):
        products.change_product(product_id=product.id, slug=f"product-{product.id}")
    return {"product": product, "variant": product, "sku": Sku(product.sku)}
