"""Examples in the OpenAPI document match their schemas, and orders have complete examples."""

import jsonschema_rs
import pytest

from api.sales.schemas import CancellationSchema, NewOrderSchema
from tests.api.openapi_checks import document, operations


def judge(schema):
    """What says whether something is as a schema of the document says."""
    return jsonschema_rs.Draft202012Validator({"components": document()["components"], **schema}, validate_formats=True)


def schemas_in(node):
    """Every schema with examples in a part of the document."""
    if isinstance(node, dict):
        if isinstance(node.get("examples"), list):
            yield node
        for inner in node.values():
            yield from schemas_in(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from schemas_in(inner)


def media_of(operation):
    """The media types of an operation's request and answers."""
    for part in (operation.get("requestBody", {}), *operation["responses"].values()):
        yield from part.get("content", {}).values()


def examples(name, part):
    """The examples of an operation's request, or of the answer with this status."""
    operation = operations()[name]
    holder = operation["requestBody"] if part == "request" else operation["responses"][part]
    return {name: each["value"] for name, each in holder["content"]["application/json"]["examples"].items()}


def now(order):
    """What becomes of an order, in a word."""
    return "cancellation_requested" if order["cancellation_requested"] else order["status"]


class TestExamples:
    def test_of_values_match_their_schemas(self):
        found = list(schemas_in(document()))
        assert len(found) > 50
        wrong = [(each, value) for each in found for value in each["examples"] if not judge(each).is_valid(value)]
        assert wrong == []

    @pytest.mark.parametrize("name", operations())
    def test_of_requests_and_responses_match_their_schemas(self, name):
        for media in media_of(operations()[name]):
            for example in media.get("examples", {}).values():
                judge(media["schema"]).validate(example["value"])

    @pytest.mark.parametrize(
        ("name", "part", "shown"),
        [
            ("place_order", "request", {"by_token", "by_card"}),
            ("place_order", "202", {"pending"}),
            ("place_order", "201", {"paid", "failed"}),
            ("get_order", "200", {"paid", "failed", "cancelled"}),
            ("cancel_order", "request", {"with_reason"}),
            ("cancel_order", "202", {"cancellation_requested"}),
        ],
    )
    def test_show_whole_orders(self, name, part, shown):
        found = examples(name, part)
        assert found.keys() == shown
        if part != "request":
            assert {outcome: now(order) for outcome, order in found.items()} == {each: each for each in shown}

    @pytest.mark.parametrize(
        ("name", "schema"), [("place_order", NewOrderSchema), ("cancel_order", CancellationSchema)]
    )
    def test_of_requests_can_be_sent(self, name, schema):
        assert [schema().validate(body) for body in examples(name, "request").values()] == [{}] * len(
            examples(name, "request")
        )
