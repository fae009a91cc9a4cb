"""Every rule of `orderx check` finds the violation it is for."""

from dataclasses import replace

import pytest

from domain.payments.stripe_gateway import gateway
from kit.checks import Check
from ops.check import check, gather
from tests.saga.order_scenario import findings

REFUND = """
    INSERT INTO refunds (id, company_id, order_id, amount, currency, reason, status, granted_by, granted_at)
    SELECT shop_id, company_id, id, 1, currency, 'goodwill', '{status}', customer_id, now() FROM orders"""
BROKEN = {
    "every open shop is counted for its company's plan, and no other": "DELETE FROM usage_counts",
    "all products of open shops are counted for their company's plan, and no others": """
        UPDATE usage_counts SET count = count + 1""",
    "the first variant of each product has the product's SKU, price and threshold": "UPDATE variants SET sku = 'other'",
    "the price of each variant is the last one in its history": "DELETE FROM base_prices",
    "all orders of a month are counted for their company's plan, and no others": "DELETE FROM order_counts",
    "stock on hand equals the sum of its movements": "UPDATE stock SET on_hand = on_hand + 1",
    "reserved stock equals the reservations of open orders": "UPDATE stock SET reserved = reserved + 1",
    "an order's status is the headline of its states": "UPDATE orders SET fulfilment_state = 'shipped'",
    "only pending orders hold reservations": "UPDATE reservations SET state = 'held'",
    "all units of paid orders are sold, and no others": "UPDATE order_lines SET quantity = quantity + 1",
    "every order has one saga and a payment": "DELETE FROM sagas",
    "an order and its saga have the same outcome": "UPDATE orders SET status = 'failed'",
    "a payment's status matches its events": "DELETE FROM payment_events WHERE type = 'captured'",
    "no more is captured than authorised, nor refunded than captured": """
        UPDATE payment_events SET amount = amount + 1 WHERE type = 'captured'""",
    "a provider's reference belongs to one payment": """
        WITH other AS (
            INSERT INTO orders
            SELECT (jsonb_populate_record(o, jsonb_build_object('id', o.shop_id, 'number', 'another'))).*
            FROM orders o RETURNING id
        ), its_payment AS (
            INSERT INTO payments
            SELECT (jsonb_populate_record(p, jsonb_build_object('id', other.id, 'order_id', other.id))).*
            FROM payments p, other RETURNING id
        )
        UPDATE payment_events SET payment_id = its_payment.id FROM its_payment WHERE type = 'authorised'""",
    "payments match the outcomes of their orders": "UPDATE payments SET status = 'authorised'",
    "all steps of an undone saga are undone": "UPDATE sagas SET state = 'undone'",
    "at most one saga changes an order, or any other target, at a time": """
        UPDATE sagas SET ended_at = NULL, state = 'running';
        INSERT INTO sagas (id, company_id, name, version, subject_id, tags, state, started_at, due_at)
        SELECT subject_id, company_id, 'cancel_order', 1, subject_id, '{}', 'running', now(), now() FROM sagas""",
    "every queued saga waits for an open one": """
        INSERT INTO queued_sagas (id, after_saga_id, company_id, name, subject_id, target_id, tags, queued_at)
        SELECT id, id, company_id, 'cancel_order', subject_id, subject_id, '{}', now() FROM sagas""",
    "a saga is waiting where one of its waits is": "UPDATE saga_steps SET state = 'waiting' WHERE position = 0",
    "no saga waits past its expiry": """
        UPDATE sagas SET ended_at = NULL, state = 'waiting', due_at = now() - interval '61 seconds'""",
    "every signal belongs to a wait of its saga": """
        INSERT INTO saga_signals (saga_id, company_id, signal, payload, result, sent_by, received_at)
        SELECT id, company_id, 'payment.confirmed', '{}', 'late', 'a test', now() FROM sagas""",
    "the outcome of a wait is the signal that was accepted": """
        UPDATE saga_steps SET step = 'payment.confirmed', outcome = '{"amount": 1}' WHERE position = 0""",
    "every open saga has a definition of this release": """
        UPDATE sagas SET ended_at = NULL, state = 'running'; UPDATE saga_steps SET stage = 7 WHERE position = 0""",
    "every open saga can be processed": """
        UPDATE sagas SET ended_at = NULL, state = 'running';
        INSERT INTO saga_events (saga_id, company_id, event, detail, happened_at)
        SELECT id, company_id, event, '{"code": "KeyError"}', now()
        FROM sagas CROSS JOIN unnest(ARRAY['faulted', 'resent']) AS event""",
    "every saga has ended, or waits for a signal": "UPDATE sagas SET ended_at = NULL, state = 'finishing'",
    "the outbox is empty": "INSERT INTO outbox (kind, body) VALUES ('task', '{}')",
    "every mail is sent, or its address was refused": "UPDATE mails SET status = 'queued'",
    "every buyer got a mail about the order's outcome": "DELETE FROM mails",
    "there is a mail about every new order": "DELETE FROM mails",
    "no incident is open": """
        INSERT INTO incidents (id, saga_id, company_id, step, phase, error, attempts, opened_at)
        SELECT id, id, company_id, 'commit_stock', 'running', '{}', 1, now() FROM sagas""",
    "payments match the provider's": "UPDATE payment_events SET amount = amount + 1 WHERE type = 'captured'",
    "the parts of a refund add up to its amount": REFUND.format(status="granted"),
    "a refund's status follows from its parts": REFUND.format(status="executed")
    + "; INSERT INTO refund_parts (refund_id, payment_id, company_id, amount)"
    " SELECT r.id, p.id, r.company_id, 1 FROM refunds r JOIN payments p USING (order_id)",
    "every refunded part of a refund is an event of its payment": REFUND.format(status="executed")
    + "; INSERT INTO refund_parts (refund_id, payment_id, company_id, amount, status, provider_ref)"
    " SELECT r.id, p.id, r.company_id, 1, 'refunded', 're_1' FROM refunds r JOIN payments p USING (order_id)",
    "every refund that is executing has a saga": REFUND.format(status="executing"),
    "orders record what their payments add up to": "UPDATE orders SET paid = paid - 1",
}


@pytest.fixture
def broken(scenario):
    """The rules that are broken once an order is paid and this is done to its rows."""

    def breaking(statement):
        scenario.place()
        scenario.run_until_idle()
        scenario.sql("SET session_replication_role = replica;" + statement)
        return {rule for rule, found in check(at_rest=True) if found}

    return breaking


class TestCheck:
    @pytest.mark.parametrize("rule", BROKEN)
    def test_finds_what_is_off(self, broken, rule):
        assert rule in broken(BROKEN[rule])

    def test_finds_a_payment_that_the_provider_does_not_know(self, broken):
        assert "payments match the provider's" in broken("UPDATE payments SET provider_ref = 'pi_none'")

    def test_does_not_miss_a_journal_whose_time_is_over(self, broken):
        rules = broken("UPDATE orders SET placed_at = placed_at - interval '91 days'; DELETE FROM sagas")
        assert "every order has one saga and a payment" not in rules

    def test_takes_its_time(self, database):
        assert list(Check("any", "SELECT current_setting('statement_timeout')").run()) == ["0"]

    def test_has_every_rule_broken_here(self):
        assert gather().keys() == BROKEN.keys()


class TestCheckUnderWay:
    """Orders are placed and cancelled while the books are proved, and nothing is wrong with any."""

    @pytest.fixture
    def when(self, monkeypatch):
        """Has this happen when the provider is asked this: before it answers, or after it has."""

        def happening(asked, *, before=None, after=None):
            ask, left = getattr(gateway(), asked), {"before": before, "after": after}

            def once(time):
                happen = left.pop(time, None)
                if happen:
                    happen()

            def answering(**what):
                once("before")
                answer = ask(**what)
                answer = list(answer) if asked == "every_payment" else answer
                once("after")
                return iter(answer) if asked == "every_payment" else answer

            monkeypatch.setattr(gateway(), asked, answering)

        return happening

    @pytest.fixture
    def buy(self, scenario):
        def buying():
            order_id = scenario.place()
            scenario.run_until_idle()
            return order_id

        return buying

    @pytest.fixture
    def cancel(self, scenario, buy):
        order_id = buy()

        def cancelling():
            scenario.cancel(order_id)
            scenario.run_until_idle()

        return cancelling

    @pytest.mark.parametrize("time", ["before", "after"])
    def test_finds_nothing_when_an_order_is_paid_while_the_payments_are_listed(self, buy, when, time):
        when("every_payment", **{time: buy})
        assert findings() == []

    @pytest.mark.parametrize("time", ["before", "after"])
    def test_finds_nothing_when_an_order_is_cancelled_while_the_payments_are_listed(self, cancel, when, time):
        when("every_payment", **{time: cancel})
        assert findings() == []

    @pytest.mark.parametrize("time", ["before", "after"])
    def test_finds_nothing_when_an_order_is_cancelled_while_its_payment_is_looked_up(
        self, cancel, when, monkeypatch, time
    ):
        listed = [(order, replace(paid, outcome="authorised")) for order, paid in gateway().every_payment()]
        monkeypatch.setattr(gateway(), "every_payment", lambda: iter(listed))
        when("look_up", **{time: cancel})
        assert findings() == []
