"""Places the orders of a scenario; the payment method says how long the provider takes."""

import json
import os

from bench.order_driver import DatabaseDriver
from bench.slow_calls import companies
from bench.workload import ADDRESS, CUSTOMER
from domain.payments.declines import PaymentSource
from domain.sales.placement import LineRequest
from kit import clock, db
from kit.tenancy import Tenant
from saga.place_order import place_order


class SlowDriver(DatabaseDriver):
    """Repeats the orders of BENCH_ORDERS: (number of the company, seconds of each call), as JSON."""

    def __init__(self) -> None:
        super().__init__()
        self._orders = json.loads(os.environ["BENCH_ORDERS"])

    def place(self, number: int) -> str:
        """Place an order and commit. Returns its id."""
        company, seconds = self._orders[number % len(self._orders)]
        with db.transaction(Tenant(company_id=companies.company(company), user_id=CUSTOMER)):
            placed = place_order(
                company_id=companies.company(company), user_id=CUSTOMER, shop_id=companies.shop(company),
                lines=[LineRequest(companies.product(company, number), 1)], discount_percent=0,
                shipping_address=ADDRESS, payment_source=PaymentSource(f"pm_{seconds}"), now=clock.now(),
            )  # fmt: skip
            return str(placed.order.id)
