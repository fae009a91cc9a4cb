"""The shop of a chaos run: one product with plenty of stock, and one with too little."""

from dataclasses import dataclass
from typing import Any

from ops.chaos.scenarios import Scenario
from ops.demo import Client, set_up_shop
from ops.sandbox.cards import BY_NUMBER

UNITS_EACH = 10
"""In stock per order, of the plentiful product."""


@dataclass(frozen=True, slots=True)
class Shop:
    """Ids of shop and products, and the initial stock by product."""

    shop_id: str
    plenty: str
    scarce: str
    on_hand: dict[str, int]

    def order_body(self, scenario: Scenario) -> dict[str, Any]:
        """The request body for the scenario's order."""
        product = self.scarce if scenario.scarce else self.plenty
        return {
            "shop_id": self.shop_id,
            "lines": [{"product_id": product, "quantity": scenario.quantity}],
            "shipping_address": {"name": "Ada", "line1": "1 Harbour Street", "city": "Berlin", "country": "DE"},
            "payment": _payment(scenario),
        }


def _payment(scenario: Scenario) -> dict[str, Any]:
    card = BY_NUMBER[scenario.card]
    if scenario.tokenised:
        return {"payment_method": card.token}
    cvc = "1234" if card.brand == "amex" else "123"
    return {"card": {"number": card.number, "exp_month": 12, "exp_year": 2040, "cvc": cvc}}


def open_shop(api_url: str, inbox_url: str, *, orders: int) -> Shop:
    """Create company, shop and stock for this many orders; the scarce product suffices for half of its orders."""
    merchant = Client(api_url, inbox_url)
    shop_id, plenty = set_up_shop(merchant, on_hand=UNITS_EACH * orders)
    product = {"shop_id": shop_id, "sku": "NB-A4", "name": "Big notebook", "price": {"amount": 2999, "currency": "EUR"}}
    scarce = merchant("POST", "/products", product)["id"]
    warehouse = merchant("POST", "/warehouses", {"name": "Attic"})["id"]
    few = max(1, orders // 8)
    merchant("PUT", f"/products/{scarce}/stock/{warehouse}", {"on_hand": few})
    return Shop(shop_id, plenty, scarce, {plenty: UNITS_EACH * orders, scarce: few})
