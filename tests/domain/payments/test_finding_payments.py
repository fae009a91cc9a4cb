"""Finding payments at the provider by order and by time."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import requests

from domain.payments.gateway import ProviderUnavailable
from domain.payments.stripe_gateway import StripeGateway
from tests.sandbox_process import running_sandbox


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture(scope="module")
def gateway(sandbox):
    return StripeGateway(base=sandbox.url, api_key=sandbox.api_key, timeout=5.0)


@pytest.fixture
def pay(gateway):
    def paying(order_id, method="pm_card_visa"):
        return gateway.authorise(amount=1999, currency="EUR", method=method, order_id=order_id, key=str(uuid4()))

    return paying


class TestPaymentsOf:
    def test_are_those_of_the_order_the_newest_first(self, gateway, pay):
        order_id = uuid4()
        first = pay(order_id)
        pay(uuid4())
        second = pay(order_id)
        assert gateway.payments_of(order_id=order_id) == [second, first]

    def test_have_their_current_state(self, gateway, pay):
        order_id = uuid4()
        gateway.capture(ref=pay(order_id).ref, key=str(uuid4()))
        ref = pay(order_id).ref
        gateway.capture(ref=ref, key=str(uuid4()))
        gateway.refund(ref=ref, key=str(uuid4()))
        pay(order_id, "pm_card_chargeDeclined")
        outcomes = [answer.outcome for answer in gateway.payments_of(order_id=order_id)]
        assert outcomes == ["declined", "refunded", "captured"]

    def test_are_empty_for_an_unpaid_order(self, gateway):
        assert gateway.payments_of(order_id=uuid4()) == []

    def test_are_not_guessed_without_an_answer(self):
        silent = StripeGateway(base="http://127.0.0.1:1", api_key="sk_test_none", timeout=1.0)
        with pytest.raises(ProviderUnavailable):
            silent.payments_of(order_id=uuid4())


class TestEveryPayment:
    def test_goes_no_further_back_than_asked(self, gateway, sandbox, pay):
        old, new = pay(uuid4()), pay(uuid4())
        with closing(sqlite3.connect(sandbox.ledger_path)) as books, books:
            books.execute("UPDATE payment_intents SET created = created - 7200 WHERE id = ?", [old.ref])
        hour_ago = datetime.now(UTC) - timedelta(hours=1)
        recent = {answer.ref for _, answer in gateway.every_payment(since=hour_ago)}
        assert new.ref in recent
        assert old.ref not in recent
        assert old.ref in {answer.ref for _, answer in gateway.every_payment()}

    @pytest.mark.parametrize("metadata", [{}, {"metadata[order_id]": "B-17"}, {"metadata[invoice]": str(uuid4())}])
    def test_skips_payments_of_other_software_in_the_same_account(self, gateway, sandbox, pay, metadata):
        ours = pay(uuid4())
        theirs = {"amount": "700", "currency": "eur", "confirm": "true", "payment_method": "pm_card_visa", **metadata}
        url, login = f"{sandbox.url}/v1/payment_intents", {"Authorization": f"Bearer {sandbox.api_key}"}
        ref = requests.post(url, data=theirs, headers=login, timeout=10).json()["id"]
        found = {answer.ref for _, answer in gateway.every_payment()}
        assert ours.ref in found
        assert ref not in found
