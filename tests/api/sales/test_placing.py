"""Placing orders over HTTP, without running their sagas."""

import copy
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import psycopg
import pytest

from api.app import create_app
from domain.companies import company_settings as companies
from domain.sales import order_status
from kit import clock, db
from kit.ids import new_id
from kit.tenancy import Tenant
from tests import factories
from tests.api.client import Api, paths
from tests.waiting import until


def changed(body: dict, path: str, value: object) -> dict:
    """The same body with what stands at a dotted path replaced, or left out when the value is ..."""
    body = copy.deepcopy(body)
    *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    inner = body
    for part in way:
        inner = inner[part]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return body


def allow_discount(company, *, most=20):
    with db.transaction(Tenant(company_id=company.id)):
        companies.change(company_id=company.id, allows_discount=True, max_discount_percent=most)


class TestPlaceOrder:
    def test_returns_a_pending_order_and_its_location(self, market, order):
        answer = market.buyer.post("/api/orders", order)
        assert answer.status_code == 202, answer.json
        placed = answer.json
        assert answer.headers["Location"] == f"/api/orders/{placed['id']}"
        assert (placed["status"], placed["status_text"]) == ("pending", "Order Pending")
        assert placed["total"] == {"amount": 3998, "currency": "EUR"}
        assert (placed["saga"]["state"], placed["allowed_transitions"]) == ("running", ["cancelled"])
        assert placed["lines"][0]["quantity"] == 2
        assert market.buyer.get(answer.headers["Location"]).json == placed

    def test_accepts_a_providers_token_instead_of_a_card(self, market, order):
        body = changed(order, "payment", {"payment_method": "pm_card_visa"})
        assert market.buyer.post("/api/orders", body).status_code == 202

    @pytest.mark.parametrize("role", ["staff", "shop_manager", "company_admin"])
    def test_allows_members_discounts_up_to_the_companys_maximum(self, market, order, written, role):
        seller = market.api.acting_as(factories.make_member(market.company, role), market.company)
        discounted = {percent: {**order, "discount_percent": percent} for percent in (20, 21)}
        assert paths(seller.post("/api/orders", discounted[20])) == {"discount_percent"}
        allow_discount(market.company)
        answer = seller.post("/api/orders", discounted[20])
        assert answer.json["subtotal"]["amount"] == 3998
        assert answer.json["total"]["amount"] == 3198
        rows = written()
        refused = seller.post("/api/orders", discounted[21])
        assert (refused.status_code, paths(refused), written()) == (422, {"discount_percent"}, rows)
        assert "at most 20 %" in refused.json["errors"][0]["message"]
        allow_discount(market.company, most=50)
        assert seller.post("/api/orders", discounted[21]).status_code == 202

    @pytest.mark.parametrize("percent", [1, 20, 100])
    def test_refuses_discounts_of_customers(self, market, order, written, percent):
        allow_discount(market.company, most=100)
        answer = market.buyer.post("/api/orders", {**order, "discount_percent": percent})
        assert (answer.status_code, answer.json["code"]) == (403, "forbidden")
        assert written() == 0
        assert market.buyer.post("/api/orders", {**order, "discount_percent": 0}).status_code == 202

    def test_waits_at_most_the_requested_time(self, market, order):
        answer = market.buyer.post("/api/orders", order, headers={"Prefer": "wait=0"})
        assert (answer.status_code, answer.headers["Preference-Applied"]) == (202, "wait=0")

    @pytest.mark.parametrize(
        ("preferences", "applied"),
        [
            (["wait=0"], "wait=0"),
            (['wait="0"'], "wait=0"),
            (['Wait = "0"; some="thing, else"'], "wait=0"),
            (['respond-async, wait="0", wait=20'], "wait=0"),
            (["respond-async", 'lenient="a, wait=20"', "wait=0;x"], "wait=0"),
            (["wait"], None),
            (['wait=""'], None),
            (['wait="0'], None),
            (["wait=soon, wait=0"], None),
            (["waiting=0"], None),
            (['"wait=0"'], None),
        ],
    )
    def test_parses_the_preference_as_in_rfc_7240(self, market, order, preferences, applied):
        headers = [*(("Prefer", each) for each in preferences), ("Authorization", f"Bearer {market.buyer.token}")]
        answer = market.api.app.test_client().post("/api/orders", json=order, headers=headers)
        assert (answer.status_code, answer.headers.get("Preference-Applied")) == (202, applied)

    def test_does_not_wait_when_too_many_requests_wait(self, market, order):
        buyer = Api(create_app(threads=1), market.buyer.token)
        answer = buyer.post("/api/orders", order, headers={"Prefer": "wait=20"})
        assert (answer.status_code, "Preference-Applied" in answer.headers) == (202, False)

    def test_waits_for_the_outcome_and_shows_the_same_as_a_later_read(self, market, order, written):
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(market.buyer.post, "/api/orders", order, headers={"Prefer": "wait=20"})
            until(written)
            [placed] = market.buyer.get("/api/orders").json["data"]
            with db.transaction(Tenant(company_id=market.company.id)):
                order_status.mark_failed(
                    failures={
                        UUID(placed["id"]): {"code": "expired_card", "step": "authorise_payment", "detail": None}
                    },
                    now=clock.now(),
                )
            answer = waiting.result()
        assert (answer.status_code, answer.json["failure"]["code"]) == (201, "expired_card")
        assert market.buyer.get(answer.headers["Location"]).json == answer.json

    @pytest.mark.parametrize(
        ("path", "value", "named"),
        [
            ("shop_id", ..., "shop_id"),
            ("shop_id", "not-a-uuid", "shop_id"),
            ("shop_id", "019a0000-0000-7000-8000-000000000000", "shop_id"),
            ("lines", ..., "lines"),
            ("lines", [], "lines"),
            ("lines", "many", "lines"),
            ("lines.0.product_id", "x", "lines.0.product_id"),
            ("lines.0.product_id", "019a0000-0000-7000-8000-000000000000", "lines.0.product_id"),
            ("lines.0.quantity", 0, "lines.0.quantity"),
            ("lines.0.quantity", -1, "lines.0.quantity"),
            ("lines.0.quantity", 10**30, "lines.0.quantity"),
            ("lines.0.quantity", 1.5, "lines.0.quantity"),
            ("lines.0.quantity", "2", "lines.0.quantity"),
            ("lines.0.quantity", True, "lines.0.quantity"),
            ("lines.0.price", 1, "lines.0.price"),
            ("discount_percent", 101, "discount_percent"),
            ("discount_percent", -1, "discount_percent"),
            ("currency", "USD", "currency"),
            ("shipping_address", None, "shipping_address"),
            ("shipping_address.country", "Belgium", "shipping_address.country"),
            ("shipping_address.country", "BE\n", "shipping_address.country"),
            ("shipping_address.name", "x" * 10_000, "shipping_address.name"),
            ("shipping_address.name", "A\0B", "shipping_address.name"),
            ("billing_address", {"name": "Ada"}, "billing_address.city"),
            ("phone", "030 123456", "phone"),
            ("note", "x" * 1001, "note"),
            ("note", "my card is 4242 4242 4242 4242", "note"),
            ("channel", "fax", "channel"),
            ("payment", {}, "payment"),
            ("payment.payment_method", "pm_card_visa", "payment"),
            ("payment", {"payment_method": "4242424242424242"}, "payment.payment_method"),
            ("payment.card.number", "4242424242424241", "payment.card.number"),
            ("payment.card.number", "four", "payment.card.number"),
            ("payment.card.exp_month", 13, "payment.card.exp_month"),
            ("payment.card.exp_year", 40, "payment.card.exp_year"),
            ("payment.card.exp_year", 2020, "payment.card.exp_year"),
            ("payment.card.cvc", "12", "payment.card.cvc"),
            ("payment.card.cvc", "1234", "payment.card.cvc"),
        ],
    )
    def test_names_the_wrong_field_and_writes_nothing(self, market, order, written, path, value, named):
        answer = market.buyer.post("/api/orders", changed(order, path, value))
        assert answer.status_code == 422, answer.json
        assert answer.content_type == "application/problem+json"
        assert named in paths(answer)
        assert written() == 0

    def test_has_a_line_for_each_time_a_product_is_asked_for(self, market, order):
        placed = market.buyer.post("/api/orders", changed(order, "lines", order["lines"] * 2)).json
        assert [line["quantity"] for line in placed["lines"]] == [2, 2]
        assert len({line["id"] for line in placed["lines"]}) == 2
        assert placed["total"]["amount"] == 7996

    def test_keeps_billing_address_phone_and_note(self, market, order):
        given = {
            "billing_address": {"name": "Paper GmbH", "line1": "1 Quay", "city": "Hamburg", "country": "DE"},
            "phone": "+49 30 123456",
            "note": "Ring twice.\r\nThank you",
        }
        answer = market.buyer.post("/api/orders", {**order, **given})
        assert answer.status_code == 202, answer.json
        kept = {**given, "phone": "+4930123456", "note": "Ring twice.\nThank you", "channel": "shop"}
        shown = market.buyer.get(answer.headers["Location"]).json
        assert {name: shown[name] for name in kept} == kept

    def test_shows_the_totals_by_kind(self, market, order):
        totals = market.buyer.post("/api/orders", order).json["totals"]
        amounts = {kind: totals[kind]["amount"] for kind in totals if kind != "tax_included"}
        assert amounts == {
            "items": 3998, "discounts": 0, "shipping": 0, "fees": 0, "tax": 0, "total": 3998, "paid": 0, "refunded": 0,
            "due": 3998,
        }  # fmt: skip

    def test_comes_from_other_channels_by_members_only(self, market, order, written):
        answer = market.buyer.post("/api/orders", {**order, "channel": "pos"})
        assert (answer.status_code, answer.json["code"], written()) == (403, "forbidden", 0)
        seller = market.api.acting_as(factories.make_member(market.company, "staff"), market.company)
        assert seller.post("/api/orders", {**order, "channel": "pos"}).json["channel"] == "pos"

    def test_refuses_another_companys_product_like_an_unknown_one(self, market, order, written):
        theirs = factories.make_product(factories.make_shop(factories.make_company()))
        answers = [
            market.buyer.post("/api/orders", changed(order, "lines.0.product_id", str(product_id)))
            for product_id in (theirs.id, new_id())
        ]
        assert [answer.status_code for answer in answers] == [422, 422]
        assert answers[0].json["errors"] == answers[1].json["errors"]
        assert written() == 0

    def test_refuses_a_member_of_one_company_who_orders_from_another(self, market, order, written):
        elsewhere = factories.make_company()
        stranger = market.api.acting_as(factories.make_member(elsewhere), elsewhere)
        answers = [
            stranger.post("/api/orders", changed(order, "shop_id", str(shop_id)))
            for shop_id in (market.shop.id, new_id())
        ]
        assert [answer.status_code for answer in answers] == [422, 422]
        assert answers[0].json["errors"] == answers[1].json["errors"]
        assert written() == 0

    def test_refuses_sold_out_products(self, market, order, written):
        gone = factories.make_product(market.shop)
        answer = market.buyer.post("/api/orders", changed(order, "lines.0.product_id", str(gone.id)))
        assert (answer.status_code, answer.json["code"]) == (409, "out_of_stock")
        assert written() == 0

    def test_refuses_cards_if_the_company_accepts_none(self, market, order, written):
        with db.transaction(Tenant(company_id=market.company.id)):
            companies.change(company_id=market.company.id, accepts_raw_cards=False)
        answer = market.buyer.post("/api/orders", order)
        assert (answer.status_code, paths(answer)) == (422, {"payment.card"})
        assert written() == 0

    @pytest.mark.parametrize(
        ("body", "status"),
        [(b"{", 400), (b"[]", 422), (b'"x"', 422), (b"", 422), (b"\xff", 400), (b"x" * 10_000_000, 413)],
    )
    def test_refuses_a_malformed_body(self, market, written, body, status):
        answer = market.buyer.request("POST", "/api/orders", data=body, content_type="application/json")
        assert answer.status_code == status, answer.data
        assert answer.content_type == "application/problem+json"
        assert written() == 0

    @pytest.mark.processes
    def test_is_unavailable_while_the_provider_is_down(self, market, order, written, provider):
        provider.kill()
        try:
            answer = market.buyer.post("/api/orders", order)
        finally:
            provider.restart()
        assert (answer.status_code, answer.json["code"]) == (503, "payment_provider_unavailable")
        assert "Retry-After" in answer.headers
        assert written() == 0


class TestIdempotencyKey:
    def test_returns_the_same_order_again(self, market, order, written):
        key = {"Idempotency-Key": "one"}
        first = market.buyer.post("/api/orders", order, headers=key)
        rows = written()
        again = market.buyer.post("/api/orders", order, headers=key)
        assert (again.status_code, again.json) == (202, first.json)
        assert again.headers["Idempotent-Replayed"] == "true"
        assert "Idempotent-Replayed" not in first.headers
        assert written() == rows

    def test_refuses_another_body(self, market, order):
        key = {"Idempotency-Key": "one"}
        market.buyer.post("/api/orders", order, headers=key)
        answer = market.buyer.post("/api/orders", changed(order, "lines.0.quantity", 3), headers=key)
        assert (answer.status_code, answer.json["code"]) == (422, "idempotency_key_reused")

    def test_is_per_caller(self, market, order):
        key = {"Idempotency-Key": "one"}
        first = market.buyer.post("/api/orders", order, headers=key)
        other = market.api.acting_as(factories.make_user()).post("/api/orders", order, headers=key)
        assert other.status_code == 202
        assert other.json["id"] != first.json["id"]

    def test_expires_after_a_day(self, market, order, database):
        key = {"Idempotency-Key": "one"}
        first = market.buyer.post("/api/orders", order, headers=key)
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute("UPDATE idempotency_keys SET created_at = now() - interval '25 hours'")
        assert market.buyer.post("/api/orders", order, headers=key).json["id"] != first.json["id"]

    @pytest.mark.parametrize("key", ["", "x" * 256, "with space", "ü"])
    def test_must_be_storable(self, market, order, key):
        answer = market.buyer.post("/api/orders", order, headers={"Idempotency-Key": key})
        assert (answer.status_code, paths(answer)) == (422, {"Idempotency-Key"})
