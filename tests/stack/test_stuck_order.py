"""An undo that keeps failing: incident, alert, retry by an operator, and a clean check."""

import json
import sys
from collections.abc import Callable, Iterator

import psycopg
import pytest

from ops.services.process import Process
from ops.services.readiness import output_contains
from ops.stack import Stack
from tests import webhook
from tests.stack.commands import books_are_clean, orderx
from tests.stack.shop import Shop
from tests.waiting import until
from tests.webhook import Receiver

pytestmark = [pytest.mark.rabbitmq, pytest.mark.xdist_group("stack"), pytest.mark.slow]

# Twelve attempts take minutes. The pauses between them are spent in the outbox; all else takes the time it takes.
_END_THE_PAUSES = "UPDATE outbox SET available_at = now() WHERE available_at > now()"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with webhook.webhook_receiver() as receiver:
        yield receiver


@pytest.fixture
def two_sweepers(stack: Stack, receiver: Receiver) -> Iterator[None]:
    """Two sweepers with a webhook, in place of the stack's own."""
    settings = {"ORDERX_ALERT_WEBHOOK_URL": receiver.url, "ORDERX_ALERT_WEBHOOK_SECRET": webhook.SECRET}
    stack["sweeper"].stop()
    sweepers = [
        Process(
            name, [sys.executable, "-m", "ops.cli", "sweeper"], log=stack.logs / f"{name}.log",
            env={**stack.env_for("sweeper"), **settings}, ready=output_contains("sweeper started"),
        )
        for name in ("sweeper-1", "sweeper-2")
    ]  # fmt: skip
    try:
        with sweepers[0], sweepers[1]:
            yield
    finally:
        stack["sweeper"].start()


@pytest.fixture
def provider_gone(stack: Stack) -> Iterator[Callable[[], None]]:
    """Stop the payment provider; returns a function that starts it again."""
    stack["sandbox"].stop()
    yield stack["sandbox"].start
    if not stack["sandbox"].is_running:
        stack["sandbox"].start()


def stuck(stack: Stack) -> list[dict]:
    """The output of `orderx saga list --stuck`, after all retries."""
    with psycopg.connect(stack.env["ORDERX_OWNER_DATABASE_URL"], autocommit=True) as owner:
        owner.execute(_END_THE_PAUSES)
        if not owner.execute("SELECT FROM incidents WHERE resolved_at IS NULL").rowcount:
            return []
    return json.loads(
        orderx(stack, "saga", "list", "--stuck", "--reason", "payment_provider_unavailable", "--json").stdout
    )


class TestAnUndoThatKeepsFailing:
    def test_raises_an_alert_and_ends_after_a_retry(self, stack: Stack, two_sweepers, receiver, provider_gone):
        shop = Shop(stack, on_hand=3)
        body = {**shop.body(), "payment": {"payment_method": "pm_card_visa"}}
        order_id = shop.call("POST", "/orders", body, as_=shop.customer)["id"]
        until(lambda: stuck(stack))
        [incident] = stuck(stack)
        assert (incident["subject_id"], incident["step"], incident["phase"]) == (
            order_id, "authorise_payment", "compensating",
        )  # fmt: skip
        until(lambda: receiver.events_about(incident["incident_id"]))
        assert shop.stock() == (3, 1)

        retry = ["saga", "retry", "--step", "authorise_payment", "--reason", "the provider is back", "--by", "ada"]
        would = orderx(stack, *retry, "--dry-run")
        assert would.stdout == (
            f"{order_id}  authorise_payment would be retried: compensating, then payments.void_payment\n"
        )
        provider_gone()
        assert orderx(stack, *retry).returncode == 0
        assert books_are_clean(stack)
        order = shop.call("GET", f"/orders/{order_id}", None, as_=shop.customer)
        assert (order["status"], order["failure"]["step"]) == ("failed", "authorise_payment")
        assert shop.stock() == (3, 0)

        events = until(lambda: (about := receiver.events_about(incident["incident_id"]))[1:] and about)
        assert events == [("alert_opened", "incident_opened"), ("alert_closed", "incident_opened")]
        assert all(webhook.is_genuine(*signed) for signed in receiver.signatures)
        admins = shop.call("GET", "/operations/incidents?state=resolved", None, as_=shop.merchant)["data"]
        assert admins[0]["resolution"] == {"action": "retry", "reason": "the provider is back", "by": "ada"}
