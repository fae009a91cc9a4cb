"""A shop with one product in stock, and a buyer: the start of all tests of the order saga."""

from dataclasses import dataclass, field
from uuid import UUID

import psycopg
from sqlalchemy import text

from domain.accounts.models import User
from domain.payments.declines import PaymentSource
from domain.payments.models import Payment
from domain.sales.models import Order
from domain.sales.new_order import LineRequest
from domain.sales.queries import ordered_products
from kit import clock, db
from kit.tenancy import Tenant
from ops.check import check
from saga.cancel_order import CANCEL_ORDER, request_cancellation
from saga.engine.locked_saga import SagaRef
from saga.engine.models import Incident, SagaRow
from saga.engine.queries import sagas_about
from saga.place_order import PLACE_ORDER, place_order
from saga.refund_payment import REFUND_PAYMENT
from tests import factories
from tests.saga.message_deliveries import Deliveries

_STOCK_LEVEL = text("SELECT on_hand, reserved FROM stock WHERE product_id = :product")
_EVENTS = text("""
    SELECT e.step, e.event FROM sagas s CROSS JOIN LATERAL saga_history(s.id) AS e
    WHERE s.subject_id = :order AND s.name = :saga ORDER BY e.number""")
_EXPIRE_DEADLINES = """
    UPDATE sagas SET due_at = now() - interval '1 second' WHERE ended_at IS NULL;
    UPDATE saga_steps SET retry_at = now() - interval '1 second' WHERE retry_at IS NOT NULL;
    UPDATE mails SET leased_until = now() - interval '1 second' WHERE leased_until IS NOT NULL"""


@dataclass
class OrderScenario:
    """One product at 19.99 EUR with `on_hand` units in stock. `deliveries` holds the messages about its orders."""

    database: str
    on_hand: int = 5
    price: int = 1999
    buyer: User = field(init=False)
    deliveries: Deliveries = field(init=False)

    def __post_init__(self) -> None:
        self.deliveries = Deliveries((PLACE_ORDER, CANCEL_ORDER, REFUND_PAYMENT))
        company = factories.make_company()
        self.shop = factories.make_shop(company)
        self.product = factories.make_product(self.shop, price=self.price)
        factories.put_stock(self.product, factories.make_warehouse(company), self.on_hand)
        self.buyer = factories.make_user()
        self.customer_id = factories.make_customer(company, self.buyer)
        self.deliveries.collect()
        self.deliveries.events.clear()

    def place(
        self,
        quantity: int = 1,
        *,
        method: str = "pm_card_visa",
        card_fingerprint: str | None = None,
        network_hash: bytes | None = None,
    ) -> UUID:
        """Place an order, paid with a payment method token of the sandbox. Returns its id."""
        with db.transaction(Tenant(company_id=self.shop.company_id, user_id=self.buyer.id)):
            order = place_order(
                company_id=self.shop.company_id,
                user_id=self.buyer.id,
                shop_id=self.shop.id,
                lines=[LineRequest(self.product.id, quantity)],
                discount_percent=0,
                shipping_address={"line1": "12 St James's Square"},
                payment_source=PaymentSource(method, card_fingerprint, network_hash),
                now=clock.now(),
            ).order
        return order.id

    def cancel(self, order_id: UUID) -> None:
        """Request the cancellation of an order."""
        request_cancellation(
            order_id, self.ref(order_id), self.deliveries.find, reason="changed my mind", by="the buyer"
        )

    def ref(self, order_id: UUID, *, saga: str = "place_order") -> SagaRef:
        return SagaRef(self.saga(order_id, saga=saga).id, self.shop.company_id)

    def saga(self, order_id: UUID, *, saga: str = "place_order") -> SagaRow:
        with db.transaction(Tenant(company_id=self.shop.company_id)):
            return next(each for each in sagas_about(subject_id=order_id) if each.name == saga)

    def incidents(self, order_id: UUID) -> list[Incident]:
        saga_id = self.ref(order_id).saga_id
        with db.operator_transaction():
            session = db.session()
            return session.query(Incident).filter_by(saga_id=saga_id).all()

    def order(self, order_id: UUID) -> Order:
        with db.transaction(Tenant(company_id=self.shop.company_id)):
            session = db.session()
            return session.get_one(Order, order_id)

    def has_ended(self, order_id: UUID) -> bool:
        """Whether all sagas about the order have ended."""
        with db.transaction(Tenant(company_id=self.shop.company_id)):
            return all(saga.ended_at for saga in sagas_about(subject_id=order_id))

    def quantity(self, order_id: UUID) -> int:
        with db.transaction(Tenant(company_id=self.shop.company_id)):
            return sum(product.quantity for product in ordered_products(order_ids=[order_id])[order_id])

    def payment(self, order_id: UUID) -> Payment:
        with db.transaction(Tenant(company_id=self.shop.company_id)):
            session = db.session()
            return session.query(Payment).filter_by(order_id=order_id).one()

    def steps_with_event(self, event: str, order_id: UUID, *, saga: str = "place_order") -> tuple[str, ...]:
        """The steps with this event in the saga's history, in order of time."""
        with db.operator_transaction():
            session = db.session()
            rows = session.execute(_EVENTS, {"order": order_id, "saga": saga})
            return tuple(row.step for row in rows if row.step and row.event == event)

    def stock_level(self) -> tuple[int, int]:
        """(on hand, reserved) of the product."""
        with db.operator_transaction():
            session = db.session()
            on_hand, reserved = session.execute(_STOCK_LEVEL, {"product": self.product.id}).one()
        return on_hand, reserved

    def expire_deadlines(self) -> None:
        """Set all deadlines, retry times and leases to the past."""
        self.sql(_EXPIRE_DEADLINES)

    def sql(self, statements: str) -> None:
        """Run statements as the database's superuser."""
        with psycopg.connect(self.database, autocommit=True) as owner:
            owner.execute(statements)

    def run_until_idle(self) -> None:
        """Deliver all tasks, then process all events."""
        self.deliveries.deliver_all()
        self.deliveries.process_events()


def findings(*, at_rest: bool = True) -> list[str]:
    """The findings of `orderx check`."""
    return [f"{rule}: {finding.row}" for rule, broken in check(at_rest=at_rest) for finding in broken]
