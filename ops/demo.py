"""Places three orders over HTTP: one succeeds, one card is declined, one is out of stock."""

import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import requests

from kit import db
from kit.errors import OrderXError
from ops.commands.check import run_checks
from ops.commands.output import console
from ops.commands.saga import print_timeline
from ops.inbox.mail_links import token_for
from ops.stack import Stack
from saga.engine import queries
from saga.engine.queries import Timeline

PASSWORD = "not a secret: the demo's"  # noqa: S105
GOOD, DECLINED = "4242424242424242", "4000000000000002"


class DemoFailed(OrderXError):
    """The demo had an unexpected result."""


@dataclass(frozen=True, slots=True)
class DemoOrder:
    """An order of the demo and its expected outcome."""

    title: str
    card: str
    quantity: int
    status: str
    code: str | None = None


DEMO_ORDERS = (
    DemoOrder("Two notebooks, paid with a good card", GOOD, 2, "paid"),
    DemoOrder("One notebook, paid with a card that is declined", DECLINED, 1, "failed", "generic_decline"),
    DemoOrder("Nine notebooks, of which only three are left", GOOD, 9, "failed", "out_of_stock"),
)


class Client:
    """An API client for one user. Raises DemoFailed for every error response."""

    def __init__(self, url: str, inbox_url: str) -> None:
        self._url = url
        self._inbox_url = inbox_url
        self._session = requests.Session()
        self.token = ""

    def __call__(self, method: str, path: str, body: dict[str, Any] | None = None, **headers: str) -> dict[str, Any]:
        """Make a request and return the JSON of the response."""
        response = self._session.request(method, f"{self._url}/api{path}", json=body, headers=headers, timeout=60)
        if not response.ok:
            raise DemoFailed(f"{method} {path} answered {response.status_code}: {response.text}")
        result: dict[str, Any] = response.json() if response.content else {}
        return result

    def register(self, email: str, name: str) -> None:
        """Register, follow the link in the mail, and log in."""
        self("POST", "/auth/register", {"email": email, "name": name, "password": PASSWORD})
        token = token_for(email, "verify-email", inbox_url=self._inbox_url)
        self("POST", "/auth/verify-email", {"token": token, "password": PASSWORD})
        self.log_in(email)

    def log_in(self, email: str) -> None:
        """Log in as this user, and so for the user's company if there is one."""
        token = self("POST", "/auth/login", {"email": email, "password": PASSWORD})["access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"
        self.token = token


def demo(stack: Stack) -> bool:
    """Run the demo against a running stack and print it. Return whether the data is consistent at the end."""
    merchant, customer = (Client(stack.api_url, stack.inbox_url) for _ in range(2))
    shop_id, product_id = set_up_shop(merchant, on_hand=5)
    customer.register("ada@example.com", "Ada Example")
    for expected in DEMO_ORDERS:
        console.rule(expected.title)
        _check_outcome(expected, _order(customer, expected, shop_id, product_id))
    console.rule("Consistency checks")
    return run_checks(at_rest=True, provider=True, wait=20.0, as_json=False)


def set_up_shop(merchant: Client, *, on_hand: int) -> tuple[str, str]:
    """Create a company with one shop and one product in stock. Return the ids of shop and product."""
    email = "owner@example.com"
    merchant.register(email, "Olga Owner")
    merchant("POST", "/companies", {"name": "Paper & Co", "email": "orders@paper.example.com", "currency": "EUR"})
    merchant.log_in(email)
    shop_id = merchant("POST", "/shops", {"name": "Harbour Street"})["id"]
    notebook = {
        "shop_id": shop_id, "sku": "NB-A5", "name": "Dotted notebook", "price": {"amount": 1999, "currency": "EUR"},
    }  # fmt: skip
    product_id = merchant("POST", "/products", notebook)["id"]
    warehouse_id = merchant("POST", "/warehouses", {"name": "Cellar"})["id"]
    merchant("PUT", f"/products/{product_id}/stock/{warehouse_id}", {"on_hand": on_hand})
    return shop_id, product_id


def _order(customer: Client, expected: DemoOrder, shop_id: str, product_id: str) -> dict[str, Any]:
    card = {"number": expected.card, "exp_month": 12, "exp_year": 2040, "cvc": "123"}
    body = {
        "shop_id": shop_id,
        "lines": [{"product_id": product_id, "quantity": expected.quantity}],
        "shipping_address": {"name": "Ada Example", "line1": "1 Harbour Street", "city": "Berlin", "country": "DE"},
        "payment": {"card": card},
    }
    return customer("POST", "/orders", body, Prefer="wait=20")


def _check_outcome(expected: DemoOrder, order: dict[str, Any]) -> None:
    print_timeline(_ended_saga(UUID(order["id"])))
    code = (order["failure"] or {}).get("code")
    console.print(f"The order is {order['status']}: {order['status_text']}" + (f" ({code})" if code else ""))
    if (order["status"], code) != (expected.status, expected.code):
        raise DemoFailed(f"expected {expected.status} {expected.code or ''}")


def _ended_saga(order_id: UUID) -> Timeline:
    """The order's saga, after it has ended (its mails are sent then), or after 20 s."""
    deadline = time.monotonic() + 20
    while True:
        with db.operator_transaction():
            timeline = queries.timeline(queries.sagas_about(subject_id=order_id)[0])
        if timeline.saga.ended_at or time.monotonic() > deadline:
            return timeline
        time.sleep(0.05)
