"""Who may call the endpoints of `api.pricing`, and what the tests send to them."""

from domain.pricing import price_lists
from domain.pricing.price_lists import ListPriceRequest
from kit import clock, db
from kit.money import Money
from tests import factories

POLICY = """
endpoint                       super_admin  company_admin  shop_manager  staff    customer  suspended
price_lists.create_price_list  yes          yes            -             -        -         -
price_lists.list_price_lists   company      company        company       company  -         yes
price_lists.get_price_list     company      company        company       company  -         yes
price_lists.update_price_list  company      company        -             -        -         -
price_lists.set_list_prices    company      company        -             -        -         -
price_lists.list_list_prices   company      company        company       company  -         yes
prices.list_prices             company      company        shop          shop     -         yes
"""

BODIES = {
    "price_lists.create_price_list": {"name": "Another"},
    "price_lists.update_price_list": {"name": "Summer"},
    "price_lists.set_list_prices": {
        "prices": [{"variant_id": "{product_id}", "min_quantity": 50, "price": {"amount": 1, "currency": "EUR"}}]
    },
}

QUERIES = {"prices.list_prices": {"shop_id": "{shop_id}", "variant_id": "{product_id}"}}

LISTED = {"price_lists.list_price_lists": "price_list_id"}


def rows(at):
    now, product = clock.now(), at.rows["product"]
    with db.transaction(factories.acting_for(at.company)):
        price_list = price_lists.create(company_id=at.company.id, name="Wholesale", now=now)
        half = ListPriceRequest(product.id, 100, Money(999, "EUR"))
        price_lists.set_prices(price_list_id=price_list.id, prices=[half], now=now)
    return {"price_list": price_list}
