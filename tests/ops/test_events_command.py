import json
import re

from typer.testing import CliRunner

from api.http import asyncapi
from ops import cli
from ops.commands import events
from saga.reactions.event_catalogue import catalogue
from tests.guards.source_tree import ROOT


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

    def test_prints_the_table_that_the_docs_have(self):
        page = (ROOT / "docs/events.md").read_text()
        [kept] = re.findall(r"<!-- events -->\n(.*)\n<!-- /events -->", page, re.DOTALL)
        assert kept == events.markdown(), "put the output of `orderx events --format markdown` into docs/events.md"
