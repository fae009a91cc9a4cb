"""The shop that chaos breaks out in: one product there is plenty of, and one there is too little of."""

from dataclasses import dataclass
from typing import Any

from ops.chaos.wishes import Wish
from ops.demo import Client, set_up_shop
from ops.sandbox.cards import BY_NUMBER

UNITS_EACH = 10
"""On the shelf for every order that may come."""


@dataclass(frozen=True, slots=True)
class Shop:
    """What is sold, and how many units of it there are at first."""

    shop_id: str
    plenty: str
    scarce: str
    on_hand: dict[str, int]

    def body(self, wish: Wish) -> dict[str, Any]:
        """The request that places the wished order."""
        product = self.scarce if wish.scarce else self.plenty
        return {
            "shop_id": self.shop_id,
            "lines": [{"product_id": product, "quantity": wish.quantity}],
            "shipping_address": {"name": "Ada", "line1": "1 Harbour Street", "city": "Berlin", "country": "DE"},
            "payment": _payment(wish),
        }


def _payment(wish: Wish) -> dict[str, Any]:
    card = BY_NUMBER[wish.card]
    if wish.tokenised:
        return {"payment_method": card.token}
    cvc = "1234" if card.brand == "amex" else "123"
    return {"card": {"number": card.number, "exp_month": 12, "exp_year": 2040, "cvc": cvc}}


def open_shop(api_url: str, inbox_url: str, *, orders: int) -> Shop:
    """Found the company and fill the shelves for this many orders: half of those for the scarce product can be met."""
    merchant = Client(api_url, inbox_url)
    shop_id, plenty = set_up_shop(merchant, on_hand=UNITS_EACH * orders)
    card = {"shop_id": shop_id, "sku": "NB-A4", "name": "Big notebook", "price": {"amount": 2999, "currency": "EUR"}}
    scarce = merchant("POST", "/products", card)["id"]
    warehouse = merchant("POST", "/warehouses", {"name": "Attic"})["id"]
    few = max(1, orders // 8)
    merchant("PUT", f"/products/{scarce}/stock/{warehouse}", {"on_hand": few})
    return Shop(shop_id, plenty, scarce, {plenty: UNITS_EACH * orders, scarce: few})
