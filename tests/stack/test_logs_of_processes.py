"""The log lines of each process agree with docs/operations.md."""

import json
import re

import pytest

from ops.stack import Stack
from tests.guards.source_tree import ROOT
from tests.stack.shop import Shop

pytestmark = [pytest.mark.rabbitmq, pytest.mark.xdist_group("stack")]

OPERATIONS = (ROOT / "docs/operations.md").read_text()


def is_json(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


class TestLogs:
    def test_are_json_where_documented_and_nowhere_else(self, stack: Stack):
        Shop(stack, on_hand=1).order(wait=20)
        stack["worker-mails"].stop()  # Celery tells of its shutdown
        stack["worker-mails"].start()
        (said,) = re.findall(r"^(`orderx api`.*?) write a JSON object per line", OPERATIONS, re.MULTILINE)
        written = {process.name: process.log.read_text().splitlines() for process in stack.processes}
        plain = {name: [line for line in lines if not is_json(line)] for name, lines in written.items() if lines}
        all_json = {name.partition("-")[0] for name, lines in plain.items() if not lines}
        assert all_json == set(re.findall(r"`(?:orderx )?(\w+)`", said))
