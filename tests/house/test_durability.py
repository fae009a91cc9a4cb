"""What the promises rest on, said once: the table, the declarations and the documents agree."""

import inspect
import re

from kit.durability import POSTGRESQL, STANDBYS
from tests.house.places import ROOT
from workers import publisher, queues
from workers.durability import RABBITMQ


def durability_table() -> str:
    """The needs as docs/operations.md shows them."""
    rows = ["| server | setting | must be | so that |", "|---|---|---|---|"]
    for server, needs in (("PostgreSQL", (*POSTGRESQL, STANDBYS)), ("RabbitMQ", RABBITMQ)):
        for need in needs:
            values = " or ".join(f"`{value}`" for value in need.values)
            rows.append(f"| {server} | `{need.setting}` | {values} | {need.promise} |")
    return "\n".join(rows)


class TestDurability:
    def test_is_declared_as_it_is_written_down(self):
        written = {need.setting: need.values for need in RABBITMQ}
        for queue in queues.ALL:
            assert {name: (str(value),) for name, value in queue.queue_arguments.items()} == {
                name: values for name, values in written.items() if name.startswith("x-")
            }

    def test_is_published_as_it_is_written_down(self):
        written = {need.setting: need.values for need in RABBITMQ}
        code = inspect.getsource(publisher)
        assert re.findall(r"delivery_mode=(\d)", code) == [*written["delivery_mode"]]
        assert "confirm_select()" in code

    def test_stands_in_the_documents(self):
        shown = re.search(
            r"<!-- durability -->\n(.*)\n<!-- /durability -->", (ROOT / "docs/operations.md").read_text(), re.DOTALL
        )
        assert shown
        assert shown[1] == durability_table()
