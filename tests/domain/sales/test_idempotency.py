"""Two requests with one Idempotency-Key, concurrent and in sequence."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from domain.sales import idempotency
from domain.sales.errors import IdempotencyKeyInUse, IdempotencyKeyReused
from kit import clock, db
from kit.tenancy import Tenant
from tests import factories


class Keyed:
    """A customer who orders with one key."""

    def __init__(self):
        company = factories.make_company()
        self.product = factories.make_product(factories.make_shop(company))
        factories.put_stock(self.product, factories.make_warehouse(company))
        self.customer = factories.make_user()
        self.tenant = Tenant(company_id=company.id, user_id=self.customer.id)

    def claim(self, fingerprint=b"1"):
        return idempotency.lock(caller_id=self.customer.id, key="one", fingerprint=fingerprint, now=clock.now())

    def claim_by_another(self):
        """The answer to a concurrent request."""

        def claiming():
            with db.transaction(self.tenant):
                return self.claim()

        with ThreadPoolExecutor(1) as pool:
            return pool.submit(claiming).result()

    def remember(self, order_id):
        idempotency.save(
            caller_id=self.customer.id, key="one", fingerprint=b"1", order_id=order_id,
            company_id=self.tenant.company_id, now=clock.now(),
        )  # fmt: skip


@pytest.fixture
def keyed(database):
    return Keyed()


@pytest.fixture
def order(keyed):
    """The order that the key has placed."""
    order = factories.make_order(keyed.product)
    with db.transaction(keyed.tenant):
        assert keyed.claim() is None
        keyed.remember(order.id)
    return order


class TestLock:
    def test_is_refused_while_another_request_holds_it(self, keyed):
        with db.transaction(keyed.tenant):
            keyed.claim()
            with pytest.raises(IdempotencyKeyInUse):
                keyed.claim_by_another()
        assert keyed.claim_by_another() is None

    def test_returns_the_order_placed_with_the_key(self, keyed, order):
        assert keyed.claim_by_another() == order.id

    def test_returns_the_order_while_another_request_holds_the_lock(self, keyed, order):
        with db.transaction(keyed.tenant):
            keyed.claim()
            assert keyed.claim_by_another() == order.id

    def test_is_refused_for_a_different_request(self, keyed, order):
        with pytest.raises(IdempotencyKeyReused), db.transaction(keyed.tenant):
            keyed.claim(fingerprint=b"2")
