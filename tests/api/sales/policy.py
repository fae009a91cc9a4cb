"""Who may call the endpoints of `api.sales`, and what the tests send to them."""

from domain.payments.declines import PaymentSource
from domain.sales.new_order import LineRequest
from kit import clock, db
from kit.tenancy import Tenant
from saga.place_order import place_order

POLICY = """
endpoint                     super_admin  company_admin  shop_manager  staff  customer  suspended
orders.place_order           company      company        shop          shop   anyone    -
orders.list_orders           company      company        shop          shop   own       yes
orders.get_order             company      company        shop          shop   own       yes
orders.get_order_status      company      company        shop          shop   own       yes
orders.list_order_sagas      company      company        shop          shop   own       yes
orders.cancel_order          company      company        shop          shop   own       yes
order_exports.export_orders  yes          yes            -             -      -         -
"""

ADDRESS = {"name": "Ada Lovelace", "line1": "1 Harbour Street", "city": "Antwerp", "country": "BE"}

BODIES = {
    "orders.place_order": {
        "shop_id": "{shop_id}",
        "lines": [{"product_id": "{product_id}", "quantity": 1}],
        "shipping_address": ADDRESS,
        "payment": {"payment_method": "pm_card_visa"},
    },
    "orders.cancel_order": {},
    "order_exports.export_orders": {},
}

QUERIES = {"orders.list_orders": {"shop_id": "{shop_id}"}}

LISTED = {"orders.list_orders": "order_id"}


def rows(at):
    with db.transaction(Tenant(company_id=at.company.id, user_id=at.customer.id)):
        placed = place_order(
            company_id=at.company.id, user_id=at.customer.id, shop_id=at.shop.id,
            lines=[LineRequest(at.rows["product"].id, 1)], discount_percent=0, shipping_address=ADDRESS,
            payment_source=PaymentSource("pm_card_visa"), now=clock.now(),
        )  # fmt: skip
    return {"order": placed.order}
