import json
from copy import deepcopy
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from api.http import asyncapi
from kit.ids import new_id
from tests.published_events import problems

OFFICIAL = Path(__file__).parents[2] / "vendor" / "asyncapi-3.0.0.json"
"""The JSON schema of AsyncAPI 3.0.0, from the npm package @asyncapi/specs 6.11.1 (Apache-2.0), without white space."""
EVENT = {
    "specversion": "1.0",
    "id": str(new_id()),
    "source": "/orderx/inventory",
    "type": "inventory.reserved",
    "subject": str(new_id()),
    "time": "2026-05-04T12:00:00.123Z",
    "datacontenttype": "application/json",
    "companyid": str(new_id()),
    "data": {"order_id": str(new_id())},
}


@pytest.fixture(scope="module")
def official():
    return Draft7Validator(json.loads(OFFICIAL.read_text()))


class TestDocument:
    def test_is_valid_by_the_official_schema(self, official):
        assert [error.message for error in official.iter_errors(asyncapi.document())] == []

    def test_would_be_invalid_with_an_unknown_action(self, official):
        document = deepcopy(asyncapi.document())
        document["operations"]["order.created"]["action"] = "shout"
        assert not official.is_valid(document)

    def test_is_served_to_everybody(self, api):
        answer = api.get("/api/asyncapi.json")
        assert (answer.status_code, answer.content_type) == (200, "application/json")
        assert answer.json == asyncapi.document()

    def test_refers_only_to_what_it_contains(self):
        document = asyncapi.document()

        def references(part):
            if isinstance(part, dict):
                yield from [part["$ref"]] if isinstance(part.get("$ref"), str) else []
                part = list(part.values())
            for each in part if isinstance(part, list) else []:
                yield from references(each)

        def resolve(reference):
            found = document
            for name in reference.removeprefix("#/").split("/"):
                found = found[name]
            return found

        assert [reference for reference in references(document) if not resolve(reference)] == []


class TestMessages:
    def test_fit_an_event(self):
        assert problems(EVENT) == []

    @pytest.mark.parametrize(
        ("change", "problem"),
        [
            ({"type": "inventory.admired"}, "inventory.admired is not declared in domain/<area>/events.py"),
            ({"data": {}}, "inventory.reserved: data: 'order_id' is a required property"),
            ({"data": {"order_id": "the first"}}, "inventory.reserved: data.order_id: 'the first' is not a 'uuid'"),
            ({"time": "yesterday"}, "inventory.reserved: time: 'yesterday' is not a 'date-time'"),
            ({"specversion": "0.3"}, "inventory.reserved: specversion: '1.0' was expected"),
        ],
    )
    def test_do_not_fit_another(self, change, problem):
        assert problems(EVENT | change) == [problem]

    def test_have_a_company_unless_they_are_about_users(self):
        without = {name: value for name, value in EVENT.items() if name != "companyid"}
        assert problems(without) == ["inventory.reserved: : 'companyid' is a required property"]
        registered = {"type": "user.registered", "data": {"user_id": str(new_id())}}
        assert problems(without | registered) == []
        assert len(problems(EVENT | registered)) == 1
