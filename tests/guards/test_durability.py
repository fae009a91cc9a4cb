"""The durability requirements, the queue declarations and the documentation agree."""

import inspect
import re

from kit.db.durability import POSTGRESQL_REQUIREMENTS, STANDBY_REQUIREMENT
from tests.guards.source_tree import ROOT
from workers import queues
from workers.durability import RABBITMQ_REQUIREMENTS
from workers.outbox import publisher


def durability_table() -> str:
    """The requirements as docs/operations.md shows them."""
    rows = ["| server | setting | must be | so that |", "|---|---|---|---|"]
    postgresql = (*POSTGRESQL_REQUIREMENTS, STANDBY_REQUIREMENT)
    for server, requirements in (("PostgreSQL", postgresql), ("RabbitMQ", RABBITMQ_REQUIREMENTS)):
        for requirement in requirements:
            values = " or ".join(f"`{value}`" for value in requirement.values)
            rows.append(f"| {server} | `{requirement.setting}` | {values} | {requirement.guarantee} |")
    return "\n".join(rows)


class TestDurability:
    def test_is_declared_as_required(self):
        required = {requirement.setting: requirement.values for requirement in RABBITMQ_REQUIREMENTS}
        for queue in queues.ALL:
            assert {name: (str(value),) for name, value in queue.queue_arguments.items()} == {
                name: values for name, values in required.items() if name.startswith("x-")
            }

    def test_is_published_as_required(self):
        required = {requirement.setting: requirement.values for requirement in RABBITMQ_REQUIREMENTS}
        code = inspect.getsource(publisher)
        assert re.findall(r"delivery_mode=(\d)", code) == [*required["delivery_mode"]]
        assert "confirm_select()" in code

    def test_is_documented(self):
        shown = re.search(
            r"<!-- durability -->\n(.*)\n<!-- /durability -->", (ROOT / "docs/operations.md").read_text(), re.DOTALL
        )
        assert shown
        assert shown[1] == durability_table()
