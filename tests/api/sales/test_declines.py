"""Declined payments: limits on attempts, and the reasons shown to buyers and sellers."""

from uuid import UUID

import psycopg
import pytest

from domain.payments import payment_records as payments
from domain.payments.gateway import Answer
from domain.payments.queries import the_payment
from domain.sales import order_status
from kit import clock, db
from kit.tenancy import Tenant
from tests import factories

UNKNOWN_TO_THE_SANDBOX = "4539578763621486"
TOKEN = {"payment_method": "pm_card_chargeDeclined"}
THEIR_WORDS = "Your card was declined by the issuer."


@pytest.fixture
def decline(market, order):
    """Place an order and have its payment declined, as its saga would; its address."""

    def declining(buyer, *, code="generic_decline", card_fingerprint=None, **body):
        placed = buyer.post("/api/orders", {**order, "payment": TOKEN, **body})
        assert placed.status_code == 202, placed.json
        order_id, now = UUID(placed.json["id"]), clock.now()
        answer = Answer("declined", f"pi_{order_id}", 0, code, THEIR_WORDS, card_fingerprint)
        failure = {"code": code, "step": "authorise_payment", "detail": THEIR_WORDS}
        with db.transaction(Tenant(company_id=market.company.id)):
            payments.record(answers={the_payment(order_id=order_id).id: answer}, now=now)
            order_status.mark_failed(failures={order_id: failure}, now=now)
        return placed.headers["Location"]

    return declining


@pytest.fixture
def seller(market):
    return market.api.acting_as(factories.make_member(market.company), market.company)


class TestTooManyDeclines:
    @pytest.mark.processes
    @pytest.mark.parametrize("payment", [TOKEN, None], ids=["token", "card"])
    def test_are_refused_before_the_provider_is_called(self, market, order, decline, provider, written, payment):
        for number in range(5):
            decline(market.buyer, card_fingerprint=f"card {number}")
        rows = written()
        provider.kill()
        try:
            answer = market.buyer.post("/api/orders", {**order, **({"payment": payment} if payment else {})})
        finally:
            provider.restart()
        assert (answer.status_code, answer.json["code"]) == (429, "too_many_declines")
        assert 590 < int(answer.headers["Retry-After"]) <= 600
        assert written() == rows

    def test_expire_after_ten_minutes(self, market, order, decline, database):
        for _ in range(5):
            decline(market.buyer)
        with psycopg.connect(database) as connection:
            connection.execute("UPDATE payment_attempts SET declined_at = declined_at - interval '10 minutes'")
        assert market.buyer.post("/api/orders", order).status_code == 202

    def test_include_cards_that_cannot_be_tokenised(self, market, order, written):
        order["payment"]["card"]["number"] = UNKNOWN_TO_THE_SANDBOX
        answers = [market.buyer.post("/api/orders", order).status_code for _ in range(7)]
        assert answers == [422] * 5 + [429] * 2
        assert written() == 0

    def test_of_one_card_block_it_for_all_customers(self, market, order, decline):
        fingerprint = factories.fingerprint_of("4242424242424242")
        for number in range(5):
            decline(
                market.api.acting_as(factories.make_user()),
                card_fingerprint=fingerprint,
                payment={"payment_method": f"pm_{number}"},
            )
        answer = market.api.acting_as(factories.make_user()).post("/api/orders", order)
        assert (answer.status_code, answer.json["code"]) == (429, "too_many_declines")

    def test_from_one_network_block_only_that_network(self, market, order, decline):
        for number in range(20):
            buyer = market.api.acting_as(factories.make_user())
            decline(buyer, card_fingerprint=f"card {number}", payment={"payment_method": f"pm_{number}"})
        buyer = market.api.acting_as(factories.make_user())
        assert buyer.post("/api/orders", order).status_code == 429
        assert buyer.post("/api/orders", order, environ_base={"REMOTE_ADDR": "192.0.2.1"}).status_code == 202

    def test_do_not_block_idempotent_replays(self, market, order, decline):
        key = {"Idempotency-Key": "one"}
        first = market.buyer.post("/api/orders", order, headers=key)
        for _ in range(5):
            decline(market.buyer)
        again = market.buyer.post("/api/orders", order, headers=key)
        assert (again.status_code, again.json["id"]) == (202, first.json["id"])


class TestReasons:
    @pytest.mark.parametrize("code", ["lost_card", "stolen_card", "fraudulent", "pickup_card", "do_not_honor"])
    def test_that_are_confidential_are_generic_for_buyers_and_exact_for_sellers(self, market, seller, decline, code):
        where = decline(market.buyer, code=code)
        for shown in (market.buyer.get(where).json, market.buyer.get("/api/orders").json["data"][0]):
            assert shown["failure"]["code"] == "generic_decline"
            assert "Your bank declined the payment" in shown["failure"]["detail"]
        for shown in (seller.get(where).json, seller.get("/api/orders").json["data"][0]):
            assert shown["failure"]["code"] == code
            assert shown["failure"]["detail"] == THEIR_WORDS

    def test_that_help_buyers_are_explained(self, market, decline):
        failure = market.buyer.get(decline(market.buyer, code="insufficient_funds")).json["failure"]
        assert failure["code"] == "insufficient_funds"
        assert failure["detail"].startswith("There was not enough money on your card's account.")

    @pytest.mark.parametrize("code", ["KeyError", "resource_missing", ""])
    def test_that_are_unknown_are_generic_for_buyers(self, market, decline, code):
        failure = market.buyer.get(decline(market.buyer, code=code)).json["failure"]
        assert failure["code"] == "not_completed"
