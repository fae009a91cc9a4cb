import json

from typer.testing import CliRunner

from api.http import asyncapi
from ops import cli
from ops.commands import events
from saga.reactions.event_catalogue import catalogue


def run(*options):
    result = CliRunner().invoke(cli.app, ["events", *options], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


class TestEvents:
    def test_lists_every_event_with_its_payload_and_reactions(self):
        rows = {row["event"]: row for row in json.loads(run("--json"))}
        assert rows.keys() == catalogue().keys()
        assert rows["order.failed"] == {
            "event": "order.failed",
            "area": "sales",
            "summary": "An order failed. Nothing is charged, and its stock is released.",
            "payload": ["order_id", "shop_id", "customer_id", "status", "total", "reason", "step"],
            "reactions": ["notification.events: send_order_failed"],
        }

    def test_prints_a_table(self):
        assert "api_key.revoked" in run()

    def test_prints_the_asyncapi_document(self):
        assert json.loads(run("--format", "asyncapi")) == asyncapi.document()

    def test_prints_the_table_of_the_documents(self):
        assert run("--format", "markdown") == f"{events.markdown()}\n"
