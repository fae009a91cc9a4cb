"""Orders are refused when the shop, its company or its plan does not allow them."""

import psycopg
import pytest

from domain.companies import lifecycle
from domain.shops import shop_lifecycle as shops
from kit import clock, db
from kit.ids import new_id
from tests.factories import acting_for


def suspend(market):
    lifecycle.suspend(company_id=market.company.id, reason="unpaid", by=new_id(), now=clock.now())


def request_deletion(market):
    lifecycle.request_deletion(company_id=market.company.id, by=new_id(), now=clock.now())


def close_shop(market):
    shops.close(shop_id=market.shop.id, now=clock.now())


STOPPED = [
    (suspend, 403, "company_suspended"),
    (request_deletion, 403, "company_suspended"),
    (close_shop, 409, "shop_closed"),
]


@pytest.fixture
def stopped(market):
    def stop(how):
        with db.transaction(acting_for(market.company)):
            how(market)

    return stop


@pytest.mark.parametrize(("how", "status", "code"), STOPPED)
class TestPlaceOrder:
    @pytest.mark.processes
    def test_is_refused_before_the_card_is_sent(self, market, order, stopped, provider, how, status, code):
        stopped(how)
        provider.kill()
        try:
            answer = market.buyer.post("/api/orders", order)
        finally:
            provider.restart()
        assert (answer.status_code, answer.json["code"]) == (status, code)

    def test_returns_orders_placed_before(self, market, order, stopped, how, status, code):
        key = {"Idempotency-Key": "mine"}
        placed = market.buyer.post("/api/orders", order, headers=key)
        stopped(how)
        again = market.buyer.post("/api/orders", order, headers=key)
        assert (again.status_code, again.json["id"]) == (202, placed.json["id"])

    def test_allows_reading_and_cancelling_existing_orders(self, market, order, stopped, how, status, code):
        placed = market.buyer.post("/api/orders", order).json
        stopped(how)
        assert market.buyer.get(f"/api/orders/{placed['id']}").status_code == 200
        assert market.buyer.post(f"/api/orders/{placed['id']}/cancel", {}).status_code == 202


def test_beyond_the_plan_is_refused(market, order, database):
    with db.transaction(acting_for(market.company)):
        lifecycle.change_plan(company_id=market.company.id, plan="free", by=new_id())
    with psycopg.connect(database) as owner:
        owner.execute(
            """INSERT INTO order_counts (company_id, month, shard, count)
            SELECT id, date_trunc('month', now() AT TIME ZONE 'UTC')::date, 99, 99 FROM companies"""
        )
    answers = [market.buyer.post("/api/orders", order) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 409]
    assert answers[1].json["code"] == "plan_limit_reached"
    assert "free, allows 100" in answers[1].json["detail"]
    assert answers[1].json["exceeded_limits"] == [{"limit": "orders_per_month", "in_use": 100, "allowed": 100}]
