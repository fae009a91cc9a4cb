import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import pytest

from kit.messaging.events import Event, as_plain_json
from kit.money import Money
from tests.guards.source_tree import ROOT

PRODUCT_ID = UUID("01990000-0000-7000-8000-000000000000")


@dataclass(frozen=True, slots=True)
class Line:
    product_id: UUID
    quantity: int


@dataclass(frozen=True, slots=True)
class Ordered:
    total: Money
    ordered_at: datetime
    lines: list[Line]
    reason: str | None = None


ORDERED = Event("example.ordered", Ordered, "An example was ordered.")


class TestEvent:
    def test_belongs_to_the_group_that_its_name_begins_with(self):
        assert ORDERED.group == "example"


class TestAsPlainJson:
    def test_has_ids_and_times_as_strings_and_money_as_an_object(self):
        payload = Ordered(Money(1999, "EUR"), datetime(2026, 5, 4, 12, tzinfo=UTC), [Line(PRODUCT_ID, 2)])
        assert as_plain_json(payload) == {
            "total": {"amount": 1999, "currency": "EUR"},
            "ordered_at": "2026-05-04T12:00:00Z",
            "lines": [{"product_id": str(PRODUCT_ID), "quantity": 2}],
            "reason": None,
        }


PUBLISHING = """\
from dataclasses import dataclass
from uuid import uuid4
from kit.messaging.events import Event, publish

@dataclass(frozen=True)
class Held:
    units: int

@dataclass(frozen=True)
class Released:
    units: int

RELEASED = Event("stock.released", Released, "Units were released.")

publish(RELEASED, Released(1), subject=uuid4(), company_id=None)
publish(RELEASED, Released("1"), subject=uuid4(), company_id=None)
publish(RELEASED, Held(1), subject=uuid4(), company_id=None)
"""


class TestPublish:
    @pytest.mark.processes
    def test_lets_mypy_find_a_wrong_payload(self, tmp_path):
        module = tmp_path / "publishing.py"
        module.write_text(PUBLISHING)
        command = [sys.executable, "-m", "mypy", "--no-error-summary", "--config-file", "pyproject.toml", str(module)]
        checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert [line.removeprefix(str(module)) for line in checked.stdout.splitlines()] == [
            ':16: error: Argument 1 to "Released" has incompatible type "str"; expected "int"  [arg-type]',
            ':17: error: Cannot infer value of type parameter "Payload" of "publish"  [misc]',
        ]
