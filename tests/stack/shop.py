"""A shop and a customer on a running stack, created over HTTP."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import psycopg
import requests

from ops.inbox.mail_links import token_for
from ops.stack import Stack

PASSWORD = "correct horse battery staple"
GOOD, DECLINED, EXPIRING = "4242424242424242", "4000000000000002", "4000004000040000"
SLOW = "4000002000020006"


@dataclass
class Shop:
    """A new company with one product in stock, and a new customer who is logged in."""

    stack: Stack
    on_hand: int
    buyer: str = field(default_factory=lambda: f"buyer-{uuid4().hex[:12]}@example.com")

    def __post_init__(self) -> None:
        owner = f"owner-{uuid4().hex[:12]}@example.com"
        self.merchant = self._registered(owner)
        self.mailbox = f"orders-{uuid4().hex[:12]}@example.com"
        company = {"name": "Paper & Co", "email": self.mailbox, "currency": "EUR", "allows_discount": True}
        self.company_id = self.call("POST", "/companies", company, as_=self.merchant)["id"]
        self.merchant = self._logged_in(owner)
        self.shop_id = self.call("POST", "/shops", {"name": "Main"}, as_=self.merchant)["id"]
        price = {"amount": 1999, "currency": "EUR"}
        product = {"shop_id": self.shop_id, "sku": "NB", "name": "Notebook", "price": price}
        self.product_id = self.call("POST", "/products", product, as_=self.merchant)["id"]
        self.warehouse_id = self.call("POST", "/warehouses", {"name": "Cellar"}, as_=self.merchant)["id"]
        self.count(self.on_hand)
        self.customer = self._registered(self.buyer)

    def count(self, on_hand: int) -> None:
        path = f"/products/{self.product_id}/stock/{self.warehouse_id}"
        self.call("PUT", path, {"on_hand": on_hand}, as_=self.merchant)

    def stock(self) -> tuple[int, int]:
        """(on_hand, reserved)"""
        level = self.call("GET", f"/products/{self.product_id}/stock", as_=self.merchant)["data"][0]
        return level["on_hand"], level["reserved"]

    def body(self, *, quantity: int = 1, card: str = GOOD) -> dict[str, Any]:
        return {
            "shop_id": self.shop_id,
            "lines": [{"product_id": self.product_id, "quantity": quantity}],
            "shipping_address": {"name": "Ada", "line1": "1 Harbour Street", "city": "Berlin", "country": "DE"},
            "payment": {"card": {"number": card, "exp_month": 12, "exp_year": 2040, "cvc": "123"}},
        }

    def order(self, *, quantity: int = 1, card: str = GOOD, wait: int = 0, key: str = "") -> requests.Response:
        headers = {"Prefer": f"wait={wait}"} if wait else {}
        headers |= {"Idempotency-Key": key} if key else {}
        return self.request("POST", "/orders", self.body(quantity=quantity, card=card), self.customer, headers)

    def order_many(self, times: int, **order: Any) -> list[requests.Response]:
        """Place `times` orders, 16 at a time."""
        with ThreadPoolExecutor(16) as pool:
            return list(pool.map(lambda _: self.order(**order), range(times)))

    def statuses(self) -> dict[str, int]:
        """How many of the company's orders have each status."""
        query = "SELECT status, count(*) FROM orders WHERE company_id = %s GROUP BY status"
        with psycopg.connect(self.stack.env["ORDERX_OWNER_DATABASE_URL"]) as connection:
            return dict(connection.execute(query, [self.company_id]).fetchall())

    def paid(self) -> list[str]:
        """The ids of the company's paid orders."""
        query = "SELECT id::text FROM orders WHERE company_id = %s AND status = 'paid' ORDER BY id"
        with psycopg.connect(self.stack.env["ORDERX_OWNER_DATABASE_URL"], connect_timeout=5) as connection:
            return [order for (order,) in connection.execute(query, [self.company_id])]

    def mails(self) -> list[dict[str, str]]:
        """The mails about orders to the buyer and the merchant."""
        inbox = requests.get(f"{self.stack.inbox_url}/messages.json", timeout=30).json()
        ours = [mail for mail in inbox if mail["to"] in (self.buyer, self.mailbox)]
        return [mail for mail in ours if mail["occasion"].startswith("order.")]

    def call(self, method: str, path: str, body: Any = None, *, as_: str) -> dict[str, Any]:
        answer = self.request(method, path, body, as_)
        assert answer.ok, answer.text
        return answer.json()

    def request(
        self, method: str, path: str, body: Any, token: str, headers: dict[str, str] | None = None
    ) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}", "Connection": "close", **(headers or {})}
        return requests.request(method, f"{self.stack.api_url}/api{path}", json=body, headers=headers, timeout=60)

    def _registered(self, email: str) -> str:
        user = {"email": email, "name": "Somebody", "password": PASSWORD}
        assert requests.post(f"{self.stack.api_url}/api/auth/register", json=user, timeout=30).ok
        token = token_for(email, "verify-email", inbox_url=self.stack.inbox_url)
        link = {"token": token, "password": PASSWORD}
        assert requests.post(f"{self.stack.api_url}/api/auth/verify-email", json=link, timeout=30).ok
        return self._logged_in(email)

    def _logged_in(self, email: str) -> str:
        login = {"email": email, "password": PASSWORD}
        return requests.post(f"{self.stack.api_url}/api/auth/login", json=login, timeout=30).json()["access_token"]
