import logging
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Semaphore, Thread
from uuid import uuid4

import pytest

from domain.payments import stripe_gateway
from domain.payments.errors import CardRefused, ProviderKeyReused, ProviderPaymentNotFound
from domain.payments.gateway import Answer, Card, ProviderUnavailable
from domain.payments.stripe_gateway import StripeGateway
from kit.charge_limits import charge_limits
from kit.config import settings
from kit.errors import Invalid, NotConfigured
from kit.money import Money
from ops.sandbox.server import THREADS
from tests.sandbox_process import running_sandbox

SILENT = "pm_card_silent"
SLOW = "pm_card_slow"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with running_sandbox(tmp_path_factory.mktemp("sandbox"), slow_seconds=0.5) as running:
        yield running


@pytest.fixture(scope="module")
def gateway(sandbox):
    return to(sandbox)


def to(sandbox, *, timeout=10.0):
    return StripeGateway(base=sandbox.url, api_key=sandbox.api_key, timeout=timeout)


def key():
    return str(uuid4())


def authorise(gateway, method="pm_card_visa", **changed):
    order = {"amount": 1999, "currency": "EUR", "order_id": uuid4(), "key": key()}
    return gateway.authorise(method=method, **order | changed)


def held(gateway):
    return authorise(gateway).ref


def captured(gateway):
    return gateway.capture(ref=held(gateway), key=key()).ref


def refunded(gateway):
    return gateway.refund(ref=captured(gateway), key=key()).ref


def voided(gateway):
    return gateway.void(ref=held(gateway), key=key()).ref


def declined(gateway):
    return authorise(gateway, "pm_card_chargeDeclined").ref


class TestTokenise:
    @pytest.mark.parametrize(
        "card",
        [
            Card("4242 4242 4242 4242", 12, 2040, "123"),
            Card("5555555555554444", 1, 2039, "123"),
            Card("378282246310005", 12, 2040, "1234"),
        ],
    )
    def test_gives_a_token_that_can_be_charged(self, gateway, card):
        assert authorise(gateway, gateway.tokenise(card).method).outcome == "authorised"

    @pytest.mark.parametrize(
        ("card", "field"),
        [
            (Card("4242424242424241", 12, 2040, "123"), "number"),
            (Card("4539578763621486", 12, 2040, "123"), "number"),
            (Card("4242424242424242", 13, 2040, "123"), "exp_month"),
            (Card("4242424242424242", 12, 2020, "123"), "exp_year"),
            (Card("4242424242424242", 12, 2040, "12345"), "cvc"),
        ],
    )
    def test_names_the_field_the_provider_refuses_but_not_its_value(self, gateway, caplog, card, field):
        with caplog.at_level(logging.DEBUG), pytest.raises(CardRefused) as caught:
            gateway.tokenise(card)
        assert list(caught.value.fields) == [f"payment.card.{field}"]
        shown = "".join(traceback.format_exception(caught.value)) + str(caught.value.fields) + caplog.text
        assert card.number not in shown
        assert "12345" not in shown

    def test_keeps_the_card_out_of_the_error_without_an_answer(self, caplog):
        nowhere = StripeGateway(base="http://127.0.0.1:9", api_key="sk_test_x", timeout=1)
        card = Card("4242424242424242", 12, 2040, "987")
        with caplog.at_level(logging.DEBUG), pytest.raises(ProviderUnavailable) as caught:
            nowhere.tokenise(card)
        assert card.number not in "".join(traceback.format_exception(caught.value)) + caplog.text


class TestAuthorise:
    def test_authorises_the_amount_for_the_order(self, gateway, sandbox):
        order = uuid4()
        answer = authorise(gateway, amount=4200, order_id=order)
        assert answer == Answer("authorised", answer.ref, 4200)
        [intent] = [i for i in sandbox.ledger() if i["order_id"] == str(order)]
        assert (intent["id"], intent["status"], intent["amount"]) == (answer.ref, "requires_capture", 4200)

    @pytest.mark.parametrize(
        ("number", "code"),
        [
            ("4000000000000002", "generic_decline"),
            ("4000000000009995", "insufficient_funds"),
            ("4000000000009987", "lost_card"),
            ("4000000000009979", "stolen_card"),
            ("4000000000000069", "expired_card"),
            ("4000000000000127", "incorrect_cvc"),
            ("4000000000000119", "processing_error"),
            ("4000002760003184", "authentication_required"),
        ],
    )
    def test_passes_on_why_a_card_is_declined(self, gateway, number, code):
        answer = authorise(gateway, gateway.tokenise(Card(number, 12, 2040, "123")).method)
        assert (answer.outcome, answer.amount, answer.code) == ("declined", 0, code)
        assert gateway.look_up(ref=answer.ref) == answer

    def test_declines_an_unknown_method(self, gateway):
        answer = authorise(gateway, "pm_nobody")
        assert (answer.outcome, answer.ref, answer.code) == ("declined", "", "invalid_payment_method")

    @pytest.mark.parametrize(
        ("wrong", "code"), [({"amount": 0}, "invalid_amount"), ({"currency": "XXZ"}, "invalid_currency")]
    )
    def test_declines_an_amount_that_the_provider_does_not_accept(self, gateway, wrong, code):
        assert authorise(gateway, **wrong).code == code

    @pytest.mark.parametrize("method", ["pm_card_visa", "pm_card_chargeDeclined"])
    def test_repeated_answers_alike_and_authorises_once(self, gateway, sandbox, method):
        once = {"method": method, "order_id": uuid4(), "key": key()}
        first, second = authorise(gateway, **once), authorise(gateway, **once)
        assert first == second
        assert len([i for i in sandbox.ledger() if i["order_id"] == str(once["order_id"])]) == 1

    def test_refuses_a_key_used_for_something_else(self, gateway):
        once = {"order_id": uuid4(), "key": key()}
        authorise(gateway, amount=100, **once)
        with pytest.raises(ProviderKeyReused):
            authorise(gateway, amount=200, **once)


class TestCapture:
    def test_captures_the_authorised_amount(self, gateway):
        ref = held(gateway)
        assert gateway.capture(ref=ref, key=key()) == Answer("captured", ref, 1999, captured=1999)

    @pytest.mark.parametrize("same_key", [True, False])
    def test_repeated_captures_once(self, gateway, same_key):
        ref, first, other = held(gateway), key(), key()
        once = gateway.capture(ref=ref, key=first)
        assert gateway.capture(ref=ref, key=first if same_key else other) == once

    @pytest.mark.parametrize("gone", [voided, refunded, declined, lambda _: "pi_nobody"])
    def test_is_declined_without_an_authorisation(self, gateway, gone):
        answer = gateway.capture(ref=gone(gateway), key=key())
        assert (answer.outcome, answer.amount, answer.code) == ("declined", 0, "authorisation_gone")


class TestVoid:
    @pytest.mark.parametrize(
        ("before", "after"),
        [(held, "voided"), (voided, "voided"), (declined, "voided"), (captured, "captured"), (refunded, "refunded")],
    )
    def test_voids_an_authorisation_or_returns_the_state(self, gateway, before, after):
        ref = before(gateway)
        answer = gateway.void(ref=ref, key=key())
        assert (answer.outcome, answer.ref, answer.amount) == (after, ref, 1999)
        assert answer == gateway.look_up(ref=ref)

    def test_repeated_answers_alike(self, gateway):
        ref, once = held(gateway), key()
        assert gateway.void(ref=ref, key=once) == gateway.void(ref=ref, key=once)

    def test_does_not_claim_to_have_voided_an_unknown_payment(self, gateway):
        with pytest.raises(ProviderPaymentNotFound):
            gateway.void(ref="pi_nobody", key=key())


class TestRefund:
    @pytest.mark.parametrize(
        ("before", "after"),
        [(captured, "refunded"), (refunded, "refunded"), (held, "authorised"), (voided, "voided")],
    )
    def test_refunds_a_captured_payment_or_returns_the_state(self, gateway, before, after):
        ref = before(gateway)
        answer, current = gateway.refund(ref=ref, key=key()), gateway.look_up(ref=ref)
        assert (answer.outcome, answer.ref, answer.amount) == (after, ref, 1999)
        assert (answer.outcome, answer.amount, answer.refunds) == (current.outcome, current.amount, current.refunds)

    def test_returns_a_decline_unchanged(self, gateway):
        assert gateway.refund(ref=declined(gateway), key=key()).outcome == "declined"

    def test_repeated_refunds_once(self, gateway, sandbox):
        ref, once = captured(gateway), key()
        assert gateway.refund(ref=ref, key=once) == gateway.refund(ref=ref, key=once)
        [intent] = [i for i in sandbox.ledger() if i["id"] == ref]
        assert intent["amount_refunded"] == intent["amount_captured"] == 1999

    def test_does_not_claim_to_have_refunded_an_unknown_payment(self, gateway):
        with pytest.raises(ProviderPaymentNotFound):
            gateway.refund(ref="pi_nobody", key=key())


class TestAmounts:
    @pytest.mark.parametrize(
        ("currency", "ours", "stripes"), [("EUR", 1999, 1999), ("ISK", 1999, 199900), ("MGA", 300, 3)]
    )
    def test_are_converted_to_and_from_stripes_units(self, gateway, sandbox, currency, ours, stripes):
        answer = authorise(gateway, amount=ours, currency=currency)
        assert answer.amount == ours
        assert [i["amount"] for i in sandbox.ledger() if i["id"] == answer.ref] == [stripes]
        assert gateway.capture(ref=answer.ref, key=key()).amount == ours
        assert gateway.refund(ref=answer.ref, key=key()).amount == ours
        assert gateway.look_up(ref=answer.ref).amount == ours

    @pytest.mark.parametrize(("currency", "amount"), [("MGA", 301), ("KWD", 1333), ("TND", 1001)])
    def test_that_stripe_does_not_accept_are_declined_and_not_sent(self, gateway, sandbox, currency, amount):
        before = len(sandbox.ledger())
        answer = authorise(gateway, amount=amount, currency=currency)
        assert (answer.outcome, answer.code, len(sandbox.ledger())) == ("declined", "invalid_amount", before)

    @pytest.mark.parametrize("currency", ["EUR", "JPY", "HUF", "ISK", "UGX", "KWD", "RSD"])
    def test_within_the_limits_are_accepted_and_one_step_beyond_are_not(self, gateway, currency):
        step, least, most = charge_limits(currency)
        within, beyond = (least, least + step, most - step, most), (least - step, most + step)
        assert {authorise(gateway, amount=a, currency=currency).outcome for a in within} == {"authorised"}
        assert {authorise(gateway, amount=a, currency=currency).code for a in beyond} == {"invalid_amount"}


@pytest.mark.processes
class TestParts:
    def test_captures_a_part_and_releases_the_rest(self, gateway, sandbox):
        answer = gateway.capture(ref=held(gateway), key=key(), amount=Money(1500, "EUR"))
        assert (answer.outcome, answer.amount) == ("captured", 1500)
        [intent] = [each for each in sandbox.ledger() if each["id"] == answer.ref]
        assert (intent["amount"], intent["amount_captured"]) == (1999, 1500)

    def test_refunds_parts_each_with_a_reference_until_nothing_is_left(self, gateway):
        ref = captured(gateway)
        first = gateway.refund(ref=ref, key=key(), amount=Money(1000, "EUR"))
        assert (first.outcome, first.amount) == ("refunded", 1000)
        between = gateway.look_up(ref=ref)
        assert (between.outcome, between.captured, between.refunds) == ("captured", 1999, first.refunds)
        rest = gateway.refund(ref=ref, key=key())
        assert rest.amount == 999
        after = gateway.look_up(ref=ref)
        assert (after.outcome, after.amount) == ("refunded", 1999)
        assert set(after.refunds) == {*first.refunds, *rest.refunds}

    def test_refunds_no_more_than_is_left(self, gateway):
        ref = captured(gateway)
        answer = gateway.refund(ref=ref, key=key(), amount=Money(2000, "EUR"))
        assert (answer.outcome, answer.refunds) == ("captured", ())

    def test_refunds_a_part_once_for_each_key(self, gateway):
        ref, once = captured(gateway), key()
        first, again = (gateway.refund(ref=ref, key=once, amount=Money(1, "EUR")) for _ in range(2))
        assert first == again
        assert len(gateway.look_up(ref=ref).refunds) == 1

    def test_cannot_transfer_an_amount_that_stripe_does_not_know(self, gateway):
        with pytest.raises(Invalid):
            gateway.capture(ref=held(gateway), key=key(), amount=Money(1333, "KWD"))


@pytest.mark.processes
class TestOutages:
    def test_gets_the_answer_by_repeating_the_call_after_a_timeout(self, sandbox):
        impatient, once = to(sandbox, timeout=0.3), {"order_id": uuid4(), "key": key()}
        with pytest.raises(ProviderUnavailable):
            authorise(impatient, SILENT, **once)
        assert authorise(impatient, SILENT, **once).outcome == "authorised"
        assert len([i for i in sandbox.ledger() if i["order_id"] == str(once["order_id"])]) == 1

    def test_replays_after_the_provider_was_killed(self, tmp_path):
        with running_sandbox(tmp_path) as doomed:
            gateway, once = to(doomed), {"order_id": uuid4(), "key": key()}
            first = authorise(gateway, **once)
            doomed.kill()
            with pytest.raises(ProviderUnavailable):
                authorise(gateway, **once)
            doomed.restart()
            assert authorise(gateway, **once) == first
            assert [i["id"] for i in doomed.ledger()] == [first.ref]

    def test_has_authorised_even_if_killed_before_answering(self, tmp_path):
        with running_sandbox(tmp_path) as doomed:
            impatient, once = to(doomed, timeout=0.3), {"order_id": uuid4(), "key": key()}
            with pytest.raises(ProviderUnavailable):
                authorise(impatient, SILENT, **once)
            doomed.kill()
            doomed.restart()
            [intent] = doomed.ledger()
            assert authorise(to(doomed), SILENT, **once).ref == intent["id"]

    def test_records_each_payment_once_when_killed(self, tmp_path):
        with running_sandbox(tmp_path) as doomed, ThreadPoolExecutor(4) as buyers:
            gateway, under_way = to(doomed), Semaphore(0)

            def insist(call):
                while True:
                    try:
                        return call()
                    except ProviderUnavailable:
                        time.sleep(0.02)

            def pay(order):
                under_way.release()
                ref = insist(lambda: authorise(gateway, order_id=order, key=f"{order}/authorise")).ref
                return insist(lambda: gateway.capture(ref=ref, key=f"{order}/capture")).outcome

            orders = [uuid4() for _ in range(60)]
            payments = [buyers.submit(pay, order) for order in orders]
            for _ in range(2):
                for _ in range(20):
                    under_way.acquire()
                doomed.kill()
                doomed.restart()
            assert {payment.result() for payment in payments} == {"captured"}
            assert sorted(i["order_id"] for i in doomed.ledger()) == sorted(map(str, orders))

    def test_survives_clients_that_give_up(self, sandbox):
        impatient = to(sandbox, timeout=0.2)

        def give_up(_):
            with pytest.raises(ProviderUnavailable):
                authorise(impatient, SILENT)

        with ThreadPoolExecutor(40) as clients:
            list(clients.map(give_up, range(2 * THREADS)))
        assert authorise(to(sandbox, timeout=5)).outcome == "authorised"

    def test_takes_effect_once_for_concurrent_calls(self, sandbox, gateway):
        once = {"method": SLOW, "order_id": uuid4(), "key": key()}

        def ask(_):
            try:
                return authorise(gateway, **once).outcome
            except ProviderUnavailable:
                return "unavailable"

        with ThreadPoolExecutor(4) as askers:
            answers = sorted(askers.map(ask, range(4)))
        assert answers == ["authorised", "unavailable", "unavailable", "unavailable"]
        assert len([i for i in sandbox.ledger() if i["order_id"] == str(once["order_id"])]) == 1

    def test_counts_a_wrong_api_key_as_an_outage(self, sandbox):
        stranger = StripeGateway(base=sandbox.url, api_key="sk_test_other", timeout=5)
        with pytest.raises(ProviderUnavailable):
            authorise(stranger)

    @pytest.mark.parametrize(
        ("status", "body"),
        [
            (200, "<h1>Welcome to the hotel's wireless network</h1>"),
            (409, '{"error": {"type": "idempotency_error", "code": "idempotency_key_in_use"}}'),
            (429, '{"error": {"type": "invalid_request_error", "code": "lock_timeout"}}'),
            (500, '{"error": {"type": "api_error"}}'),
            (502, "<h1>Bad Gateway</h1>"),
        ],
    )
    def test_does_not_guess_from_an_answer_that_decides_nothing(self, status, body):
        with answering(status, body) as url, pytest.raises(ProviderUnavailable):
            authorise(StripeGateway(base=url, api_key="sk_test_x", timeout=5))


class TestGateway:
    def test_is_configured_by_the_settings(self, sandbox, monkeypatch):
        monkeypatch.setenv("ORDERX_PAYMENT_API_BASE", sandbox.url)
        monkeypatch.setenv("ORDERX_PAYMENT_API_KEY", sandbox.api_key)
        with fresh_settings():
            assert authorise(stripe_gateway.gateway()).outcome == "authorised"
            assert stripe_gateway.gateway() is stripe_gateway.gateway()

    def test_names_the_missing_setting(self, monkeypatch):
        monkeypatch.delenv("ORDERX_PAYMENT_API_KEY", raising=False)
        with fresh_settings(), pytest.raises(NotConfigured, match="ORDERX_PAYMENT_API_KEY"):
            stripe_gateway.gateway()


@contextmanager
def fresh_settings():
    for cached in (settings, stripe_gateway.gateway):
        cached.cache_clear()
    try:
        yield
    finally:
        for cached in (settings, stripe_gateway.gateway):
            cached.cache_clear()


@contextmanager
def answering(status, body):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
