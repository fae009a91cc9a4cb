"""Who may call the endpoints of `api.catalogue`, and what the tests send to them."""

from tests import factories

POLICY = """
endpoint                 super_admin  company_admin  shop_manager  staff  customer  suspended
products.create_product  company      company        shop          -      -         -
products.list_products   company      company        shop          shop   anyone    yes
products.get_product     company      company        shop          shop   anyone    yes
products.update_product  company      company        shop          -      -         -
"""

BODIES = {
    "products.create_product": {
        "shop_id": "{shop_id}",
        "sku": "{newcomer}",
        "name": "Pen",
        "price": {"amount": 1, "currency": "EUR"},
    },
    "products.update_product": {"name": "Pencil"},
}

QUERIES = {"products.list_products": {"shop_id": "{shop_id}"}, "products.get_product": {"shop_id": "{shop_id}"}}

LISTED = {"products.list_products": "product_id"}


def rows(at):
    return {"product": factories.make_product(at.shop)}
