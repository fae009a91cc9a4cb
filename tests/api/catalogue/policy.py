"""Who may call the endpoints of `api.catalogue`, and what the tests send to them."""

from typing import NamedTuple

from domain.catalogue import categories, products
from kit import db
from tests import factories

POLICY = """
endpoint                                      super_admin  company_admin  shop_manager  staff    customer  suspended
products.create_product                       company      company        shop          -        -         -
products.list_products                        company      company        shop          shop     anyone    yes
products.get_product                          company      company        shop          shop     anyone    yes
products.update_product                       company      company        shop          -        -         -
variants.set_product_variants                 company      company        shop          -        -         -
variants.list_product_variants                company      company        shop          shop     anyone    yes
variants.update_product_variant               company      company        shop          -        -         -
variants.list_product_shops                   company      company        shop          -        -         yes
variants.list_product_in_shop                 company      company        shop          -        -         -
variants.unlist_product_in_shop               company      company        shop          -        -         -
categories.create_category                    yes          yes            -             -        -         -
categories.list_categories                    company      company        company       company  -         yes
categories.get_category                       company      company        company       company  -         yes
categories.update_category                    company      company        -             -        -         -
categories.delete_category                    company      company        -             -        -         -
product_categories.list_product_categories    company      company        shop          shop     -         yes
product_categories.assign_product_categories  company      company        shop          -        -         -
"""

PUBLIC = """
storefront.show_shop
storefront.browse_categories
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
    "categories.create_category": {"name": "Pens", "slug": "pens"},
    "categories.update_category": {"name": "Diaries"},
    "product_categories.assign_product_categories": {"category_ids": []},
}

IN_SHOP = {"shop_id": "{shop_id}"}
QUERIES = {
    "products.list_products": IN_SHOP,
    "products.get_product": IN_SHOP,
    "variants.list_product_variants": IN_SHOP,
}

LISTED = {
    "products.list_products": "product_id",
    "categories.list_categories": "category_id",
}

LAST = {"variants.unlist_product_in_shop"}


class Sku(NamedTuple):
    """The SKU of the product, for a body that names it."""

    id: str


def rows(at):
    product = factories.make_product(at.shop)
    with db.transaction(factories.acting_for(product)):
        products.change_product(product_id=product.id, slug=f"product-{product.id}")
        category = categories.create(company_id=at.company.id, name="Empty", slug=f"empty-{product.id}")
        shelf = categories.create(company_id=at.company.id, name="Shelf", slug=f"shelf-{product.id}")
        categories.assign(product_id=product.id, category_ids=[shelf.id])
    return {"product": product, "variant": product, "sku": Sku(product.sku), "category": category}
