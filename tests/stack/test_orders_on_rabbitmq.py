"""Orders through the whole stack: gunicorn, the relay, real workers, a real RabbitMQ, the sandbox and the inbox."""

import json
import os
from collections import Counter
from uuid import uuid4

import psycopg
import pytest
import requests

from ops.stack import Stack
from tests.stack.commands import books_are_clean, orderx
from tests.stack.more_workers import second_mail_worker
from tests.stack.shop import DECLINED, GOOD, Shop
from tests.stack.tap import tapped
from tests.waiting import until

pytestmark = [pytest.mark.rabbitmq, pytest.mark.xdist_group("stack"), pytest.mark.slow]

COUNTED = {
    'orderx_orders_total{outcome="placed",reason=""}': 2,
    'orderx_orders_total{outcome="paid",reason=""}': 1,
    'orderx_orders_total{outcome="failed",reason="generic_decline"}': 1,
    'orderx_orders_amount_minor_units_total{currency="EUR",outcome="paid"}': 1999,
    "orderx_order_payment_duration_seconds_count": 1,
    'orderx_step_duration_seconds_count{outcome="done",step="capture_payment"}': 1,
    'orderx_step_duration_seconds_count{outcome="refused",step="authorise_payment"}': 1,
}


def metrics(stack: Stack) -> dict[str, float]:
    """The value of each sample, by name and labels."""
    token = {"Authorization": f"Bearer {os.environ['ORDERX_METRICS_TOKEN']}"}
    answer = requests.get(f"{stack.api_url}/metrics", headers=token, timeout=10)
    lines = [line.rpartition(" ") for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


class TestOneOrder:
    def test_is_paid_with_three_task_messages_and_without_polling(self, stack: Stack):
        shop = Shop(stack, on_hand=3)
        with tapped(stack.env["ORDERX_BROKER_URL"]) as tap:
            answer = shop.order(quantity=2, wait=20)
            assert answer.status_code == 201, answer.text
            assert answer.json()["status_text"] == "Order Completed Successfully"
            assert books_are_clean(stack)
            assert tap.tasks() == Counter(
                ["inventory.reserve_stock", "payments.authorise_payment", "notifications.email_customer"]
            )
        assert shop.stock() == (1, 0)

    def test_publishes_cloud_events(self, stack: Stack):
        shop = Shop(stack, on_hand=3)
        shop.order(wait=20)  # the first one makes the buyer a customer
        assert books_are_clean(stack)  # what has been announced is out, too
        with tapped(stack.env["ORDERX_BROKER_URL"]) as tap:
            order_id = shop.order(wait=20).json()["id"]
            assert books_are_clean(stack)
            events = [m for m in tap.listen() if m.content_type == "application/cloudevents+json"]
        bodies = [json.loads(event.body) for event in events]
        assert {body["type"] for body in bodies} == {
            "order.created", "inventory.reserved", "payment.authorised", "payment.success", "order.completed",
        }  # fmt: skip
        assert {body["specversion"] for body in bodies} == {"1.0"}
        assert all(
            body["type"] == event.delivery_info["routing_key"] for body, event in zip(bodies, events, strict=True)
        )
        assert {body["data"]["order_id"] for body in bodies} == {order_id}

    def test_runs_as_a_chord_that_flower_can_see(self, stack: Stack):
        with tapped(stack.env["ORDERX_BROKER_URL"]) as tap:
            Shop(stack, on_hand=3).order(wait=20)
            assert books_are_clean(stack)
            headers = [m for m in tap.listen() if m.headers.get("group")]
        assert len({m.headers["group"] for m in headers}) == 1
        assert sorted(m.headers["group_index"] for m in headers) == [0, 1]
        bodies = [json.loads(m.body)[2]["chord"] for m in headers]
        assert [body["task"] for body in bodies] == ["saga.advance"] * 2

    def test_is_mailed_to_buyer_and_merchant_once_each(self, stack: Stack):
        shop = Shop(stack, on_hand=3)
        shop.order(wait=20)
        assert books_are_clean(stack)
        assert Counter((mail["to"], mail["occasion"].partition(":")[0]) for mail in shop.mails()) == {
            (shop.buyer, "order.created"): 1,
            (shop.buyer, "order.completed"): 1,
            (shop.mailbox, "order.completed"): 1,
            (shop.mailbox, "order.created"): 1,
        }


class TestManyOrders:
    def test_for_more_than_the_stock_sell_exactly_the_stock(self, stack: Stack):
        shop = Shop(stack, on_hand=50)
        answers = shop.order_many(200)
        assert {answer.status_code for answer in answers} <= {202, 409}
        accepted = [answer.json()["id"] for answer in answers if answer.status_code == 202]
        assert books_are_clean(stack)
        assert shop.stock() == (0, 0)
        statuses = shop.statuses()
        assert statuses["paid"] == 50
        assert sum(statuses.values()) == len(accepted)
        ledger = requests.get(f"{stack.sandbox_url}/ledger", timeout=10).json()["payment_intents"]
        charged = [i for i in ledger if i["order_id"] in set(accepted) and i["amount_captured"]]
        assert len(charged) == 50

    def test_placed_while_the_broker_is_down_all_finish_when_it_is_back(self, stack: Stack):
        shop = Shop(stack, on_hand=100)
        stack.broker.stop()
        try:
            answers = shop.order_many(100)
        finally:
            stack.broker.start()
        assert Counter(answer.status_code for answer in answers) == {202: 100}
        assert books_are_clean(stack)
        assert shop.statuses() == {"paid": 100}
        assert shop.stock() == (0, 0)

    def test_with_one_key_are_one_order(self, stack: Stack):
        shop = Shop(stack, on_hand=100)
        answers = shop.order_many(20, key=str(uuid4()))
        assert {answer.status_code for answer in answers} <= {202, 409}
        placed = [answer for answer in answers if answer.status_code == 202]
        assert len({answer.json()["id"] for answer in placed}) == 1
        assert sum("Idempotent-Replayed" not in answer.headers for answer in placed) == 1
        assert books_are_clean(stack)
        assert shop.statuses() == {"paid": 1}


class TestMailWorkers:
    def test_share_one_queue_and_send_every_mail_once(self, stack: Stack):
        shop = Shop(stack, on_hand=40)
        with second_mail_worker(stack):
            shop.order_many(40)
            assert books_are_clean(stack)
        ours = Counter(mail["message_id"] for mail in shop.mails())
        assert len(ours) == 4 * 40
        assert set(ours.values()) == {1}
        with psycopg.connect(stack.env["ORDERX_OWNER_DATABASE_URL"]) as connection:
            attempts = connection.execute("SELECT max(attempts) FROM mails WHERE company_id = %s", [shop.company_id])
            assert attempts.fetchone() == (1,)


class TestFailure:
    def test_of_the_card_undoes_everything_and_is_mailed(self, stack: Stack):
        shop = Shop(stack, on_hand=3)
        order = shop.order(card=DECLINED, wait=20).json()
        assert (order["status"], order["failure"]["code"]) == ("failed", "generic_decline")
        assert books_are_clean(stack)
        assert shop.stock() == (3, 0)
        occasions = {mail["occasion"].partition(":")[0] for mail in shop.mails() if mail["to"] == shop.buyer}
        assert occasions == {"order.created", "order.failed"}

    def test_a_cancellation_never_waits(self, stack: Stack):
        shop = Shop(stack, on_hand=3)
        order_id = shop.order().json()["id"]
        answer = shop.request("POST", f"/orders/{order_id}/cancel", {"reason": "by mistake"}, shop.customer)
        assert answer.status_code == 202
        assert books_are_clean(stack)
        assert shop.statuses() == {"cancelled": 1}
        assert shop.stock() == (3, 0)


class TestMetrics:
    def test_of_all_processes_are_served_by_the_api(self, stack: Stack):
        shop, before = Shop(stack, on_hand=3), metrics(stack)
        assert shop.order(wait=20).json()["status"] == "paid"
        assert shop.order(card=DECLINED, wait=20).json()["status"] == "failed"
        assert books_are_clean(stack)
        after = metrics(stack)
        assert {name: after[name] - before.get(name, 0) for name in COUNTED} == COUNTED


class TestCardNumber:
    def test_is_only_in_the_request(self, stack: Stack):
        secrets = {GOOD, DECLINED, "4242 4242 4242 4242"}
        shop = Shop(stack, on_hand=3)
        said = []
        with tapped(stack.env["ORDERX_BROKER_URL"]) as tap:
            said += [shop.order(card=card, wait=20).text for card in (GOOD, DECLINED)]
            said += [shop.order(card=card).text for card in ("4242424242424241", GOOD + "x", "4242 4242 4242 4242")]
            broken = {**shop.body(), "quantity": GOOD, GOOD: GOOD}
            said.append(shop.request("POST", "/orders", broken, shop.customer).text)
            said.append(shop.request("POST", "/orders", f'{{"card": "{GOOD}"', shop.customer).text)
            assert books_are_clean(stack)
            said += [f"{message.headers}{message.properties}{message.body}" for message in tap.listen()]
        with psycopg.connect(stack.env["ORDERX_OWNER_DATABASE_URL"]) as connection:
            tables = connection.execute(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            )
            for (table,) in tables.fetchall():
                said += [str(row) for row in connection.execute(f'SELECT t::text FROM "{table}" t')]
        said += [log.read_text(errors="replace") for log in stack.logs.glob("*.log")]
        said += [path.read_bytes().decode(errors="replace") for path in stack.home.glob("sandbox.db*")]
        assert [text for text in said if any(secret in text for secret in secrets)] == []


class TestDeadLetter:
    def test_is_listed_replayed_and_discarded(self, stack: Stack):
        shop = Shop(stack, on_hand=3)
        shop.order(wait=20)
        assert books_are_clean(stack)
        event_id = str(uuid4())
        poison = {"specversion": "1.0", "id": event_id, "type": "order.created", "data": {"order_id": "none"}}
        with tapped(stack.env["ORDERX_BROKER_URL"]) as tap:
            tap.publish_event(poison)
        letter = until(lambda: [x for x in _dead(stack, "list") if x["id"] == event_id])[0]
        assert (letter["name"], letter["queue"], letter["reason"]) == (
            "order.created", "notification.events", "delivery_limit",
        )  # fmt: skip
        assert [x["id"] for x in _dead(stack, "replay", event_id)] == [event_id]
        until(lambda: [x for x in _dead(stack, "list") if x["id"] == event_id])
        assert [x["id"] for x in _dead(stack, "discard", event_id)] == [event_id]
        again = orderx(stack, "dead", "discard", event_id)
        assert (again.returncode, again.stderr) == (
            1, f"orderx: no dead letter has the id {event_id}; see: orderx dead list\n",
        )  # fmt: skip


def _dead(stack: Stack, *words: str) -> list[dict]:
    answer = orderx(stack, "dead", *words, "--json")
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)
