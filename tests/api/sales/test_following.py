"""Reading and cancelling orders over HTTP."""

from datetime import UTC, datetime
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from domain.sales import order_status
from kit import clock, db
from kit.ids import new_id
from kit.tenancy import Tenant
from saga.cancel_order import CANCEL_ORDER
from saga.engine.start import start
from tests import factories
from tests.api.client import paths
from tests.retention import prune


class TestReading:
    @pytest.fixture
    def placed(self, market, order):
        return market.buyer.post("/api/orders", order).json

    def test_shows_the_status_and_responds_304_while_unchanged(self, market, placed):
        path = f"/api/orders/{placed['id']}/status"
        answer = market.buyer.get(path)
        assert answer.json == {name: placed[name] for name in ("id", "status", "status_text")}
        assert market.buyer.get(path, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304

    def test_shows_the_timeline_of_the_saga(self, market, placed):
        (saga,) = market.buyer.get(f"/api/orders/{placed['id']}/saga").json["data"]
        steps = [(step["step"], step["undo"], step["state"]) for step in saga["steps"]]
        assert steps[0] == ("reserve_stock", "release_stock", "pending")
        assert len(steps) == 5
        assert [event["event"] for event in saga["events"]] == ["started"]

    def test_shows_an_order_whose_saga_is_deleted(self, market, placed):
        with db.operator_transaction():
            session = db.session()
            session.execute(text("UPDATE sagas SET state = 'done', ended_at = now()"))
        assert prune(before=clock.now()) == 1
        path = f"/api/orders/{placed['id']}"
        assert market.buyer.get(path).json == {**placed, "saga": None}
        assert market.buyer.get(f"{path}/saga").json == {"data": []}
        assert market.buyer.post(f"{path}/cancel", {"reason": "too late"}).status_code == 409

    def test_pages_from_newest_to_oldest(self, market, order):
        ids = [market.buyer.post("/api/orders", order).json["id"] for _ in range(3)]
        first = market.buyer.get("/api/orders?limit=2").json
        rest = market.buyer.get(f"/api/orders?limit=2&after={first['next']}").json
        assert [each["id"] for each in first["data"] + rest["data"]] == ids[::-1]
        assert rest["next"] is None

    @pytest.mark.parametrize("query", ["status=odd", "limit=0", "after=x", "placed_since=yesterday", "colour=red"])
    def test_refuses_a_malformed_filter(self, market, query):
        answer = market.buyer.get(f"/api/orders?{query}")
        assert (answer.status_code, paths(answer)) == (422, {query.partition("=")[0]})

    def test_filters(self, market, placed):
        later = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        found = {
            query: len(market.buyer.get(f"/api/orders?{query}").json["data"])
            for query in ("status=pending", "status=paid", f"shop_id={market.shop.id}", f"placed_since={later}")
        }
        assert list(found.values()) == [1, 0, 1, 0]

    def test_is_limited_to_the_customer_and_the_members(self, market, placed):
        company, elsewhere = market.company, factories.make_company()
        clerk = factories.make_member(company, "staff", shop=factories.make_shop(company))
        who = {
            "admin": market.api.acting_as(factories.make_member(company), company),
            "staff": market.api.acting_as(factories.make_member(company, "staff", shop=market.shop), company),
            "staff of another shop": market.api.acting_as(clerk, company),
            "another customer": market.api.acting_as(factories.make_user()),
            "another company": market.api.acting_as(factories.make_member(elsewhere), elsewhere),
        }
        for path in ("", "/status", "/saga"):
            codes = {name: api.get(f"/api/orders/{placed['id']}{path}").status_code for name, api in who.items()}
            assert list(codes.values()) == [200, 200, 404, 404, 404], (path, codes)
        assert who["another company"].post(f"/api/orders/{placed['id']}/cancel", {}).status_code == 404
        assert who["another company"].get("/api/orders").json["data"] == []

    def test_hides_what_a_member_ordered_elsewhere(self, market, order):
        elsewhere = factories.make_company()
        factories.join(market.customer, elsewhere)
        placed = market.buyer.post("/api/orders", order).json
        as_member = market.api.acting_as(market.customer, elsewhere)
        assert as_member.get("/api/orders").json["data"] == []
        assert as_member.get(f"/api/orders/{placed['id']}").status_code == 404


class TestOfCustomer:
    def test_sellers_see_who_ordered_and_what_else(self, market, order):
        first, second = (market.buyer.post("/api/orders", order).json for _ in range(2))
        market.api.acting_as(factories.make_user()).post("/api/orders", order)
        seller = market.api.acting_as(factories.make_member(market.company), market.company)
        customer = seller.get(f"/api/customers/{first['customer_id']}").json
        assert (customer["user_id"], customer["email"]) == (str(market.customer.id), market.customer.email)
        listed = seller.get(f"/api/orders?customer_id={customer['id']}").json["data"]
        assert [row["id"] for row in listed] == [second["id"], first["id"]]

    def test_has_the_orders_of_a_guest_that_is_merged(self, market, order, database):
        first = market.buyer.post("/api/orders", order).json
        seller = market.api.acting_as(factories.make_member(market.company), market.company)
        guest = seller.post("/api/customers", {"name": "Ada by phone"}).json
        with psycopg.connect(database) as owner:
            owner.execute("UPDATE orders SET customer_id = %s WHERE id = %s", [guest["id"], first["id"]])
        seller.post(f"/api/customers/{first['customer_id']}/merge", {"guest_id": guest["id"]})
        assert market.buyer.get(f"/api/orders/{first['id']}").json["customer_id"] == first["customer_id"]

    def test_buyers_find_no_orders_of_others(self, market, order):
        first = market.buyer.post("/api/orders", order).json
        stranger = market.api.acting_as(factories.make_user())
        assert stranger.get(f"/api/orders?customer_id={first['customer_id']}").json["data"] == []


class TestCancelOrder:
    def test_requests_the_cancellation_and_returns_the_current_order(self, market, order):
        placed = market.buyer.post("/api/orders", order).json
        answer = market.buyer.post(f"/api/orders/{placed['id']}/cancel", {"reason": "by mistake"})
        assert (answer.status_code, answer.json["status"]) == (202, "pending")
        (saga,) = market.buyer.get(f"/api/orders/{placed['id']}/saga").json["data"]
        [asked] = [event for event in saga["events"] if event["event"] == "stop_requested"]
        assert asked["detail"]["reason"] == "by mistake"

    @pytest.mark.parametrize("status", ["pending", "paid"])
    def test_shows_a_requested_cancellation_until_it_is_cancelled(self, market, order, status):
        placed = market.buyer.post("/api/orders", order).json
        path, order_id, company = f"/api/orders/{placed['id']}", UUID(placed["id"]), Tenant(market.company.id)
        if status == "paid":
            with db.transaction(company):
                order_status.mark_paid(order_ids=[order_id], now=clock.now())
        assert not market.buyer.get(path).json["cancellation_requested"]
        answer = market.buyer.post(f"{path}/cancel", {}).json
        assert (answer["status"], answer["status_text"]) == (status, "Order Being Cancelled")
        assert (answer["cancellation_requested"], answer["allowed_transitions"]) == (True, [])
        assert market.buyer.get(path).json == answer
        with db.transaction(company):
            order_status.mark_cancelled(order_ids=[order_id], now=clock.now())
        done = market.buyer.get(path).json
        assert (done["status_text"], done["cancellation_requested"]) == ("Order Cancelled", False)

    def test_is_refused_in_plain_words_while_another_saga_changes_the_order(self, market, order):
        placed = market.buyer.post("/api/orders", order).json
        with db.operator_transaction():
            db.run("UPDATE sagas SET state = 'done', stage = 3, ended_at = now()", {})
        with db.transaction(Tenant(market.company.id)):
            target = {"target_id": UUID(placed["id"]), "company_id": market.company.id}
            saga_id = start(CANCEL_ORDER, subject_id=new_id(), now=clock.now(), **target)
        answer = market.buyer.post(f"/api/orders/{placed['id']}/cancel", {})
        assert (answer.status_code, answer.json["code"]) == (409, "saga_in_progress")
        assert answer.json["detail"] == "This order is being cancelled. Try again when that is done."
        assert answer.json["saga"] == {"name": "cancel_order", "id": str(saga_id)}

    def test_is_idempotent(self, market, order):
        placed = market.buyer.post("/api/orders", order).json
        answers = [market.buyer.post(f"/api/orders/{placed['id']}/cancel", {}) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [202, 202]
        (saga,) = market.buyer.get(f"/api/orders/{placed['id']}/saga").json["data"]
        assert [event["event"] for event in saga["events"]] == ["started", "stop_requested", "saga_queued"]
