"""Invisible characters, direction overrides and line breaks in text, and links in mails to strangers."""

import copy

import pytest

from tests import factories
from tests.api.world import filled
from tests.security.test_mass_assignment import GOOD, operations

HOSTILE = ["\u200b", "\u3164\u2800", "a\u2028b", "a\u2029b", "a\u202eb", "a\u2066b", "a\u200fb", "a\x85b"]
LINKS = ["https://evil.example", "You won www.evil.example", "https\uff1a\uff0f\uff0fevil.example"]
SECRETS = {"password", "current_password", "code", "token", "refresh_token", "number", "cvc"}
"""Fields that are compared, exchanged or hashed, and never shown."""


def texts(body, path=()):
    """The path of every text in the body."""
    for key, inner in body.items() if isinstance(body, dict) else enumerate(body):
        if isinstance(inner, dict | list):
            yield from texts(inner, (*path, key))
        elif isinstance(inner, str):
            yield (*path, key)


def with_text(body, path, text):
    forged = spot = copy.deepcopy(body)
    for key in path[:-1]:
        spot = spot[key]
    spot[path[-1]] = text
    return forged


@pytest.fixture
def send(world):
    """Send the valid body of an operation with one text replaced. Returns the refused paths."""
    place = {**world.places["own shop"], "newcomer": factories.make_user().email}
    rules = {rule.endpoint.partition(".")[2]: rule for rule in world.app.url_map.iter_rules()}

    def refused(name, path, text):
        rule, body = rules[name], with_text(filled(GOOD[name], place), path, text)
        answer = world.callers["super_admin"].request(
            next(iter(rule.methods - {"HEAD", "OPTIONS"})),
            rule.build({each: place[each] for each in rule.arguments})[1],
            json=body,
        )
        return {error["path"] for error in answer.json["errors"]} if answer.status_code == 422 else answer.json

    return refused


class TestEveryText:
    def test_is_refused_with_invisible_characters(self, send):
        tried = 0
        for name, body in GOOD.items():
            for path in texts(body):
                if path[-1] not in SECRETS:
                    for text in HOSTILE:
                        found = send(name, path, text)
                        assert any(".".join(map(str, path)).startswith(each) for each in found), (name, path, text)
                        tried += 1
        assert tried > 300

    def test_has_a_pattern_a_format_or_a_list_of_values_in_the_document(self, world):
        document = world.app.test_client().get("/api/openapi.json").json
        schemas, loose = document["components"]["schemas"], set()

        def walk(schema, path):
            if "$ref" in schema:
                schema = schemas[schema["$ref"].rpartition("/")[2]]
            for inner in (*schema.get("allOf", ()), *schema.get("anyOf", ())):
                if "$ref" in inner:
                    walk(inner, path)
            if "items" in schema:
                walk(schema["items"], path)
            for name, inner in schema.get("properties", {}).items():
                walk(inner, (*path, name))
            kinds = schema.get("type", [])
            is_text = "string" in ([kinds] if isinstance(kinds, str) else kinds)
            if is_text and not schema.keys() & {"pattern", "format", "enum"} and path[-1] not in SECRETS:
                loose.add(".".join(path))

        for operation in operations(document):
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            walk(body.get("schema", {}), (operation["operationId"],))
        assert loose == set()


class TestNames:
    """Texts that mails to other people contain."""

    @pytest.mark.parametrize(
        ("name", "path"),
        [
            ("create_company", ("name",)),
            ("update_company", ("branding", "name")),
            ("create_shop", ("name",)),
            ("register_user", ("name",)),
            ("update_me", ("name",)),
            ("create_product", ("name",)),
            ("create_product", ("sku",)),
            ("update_product", ("name",)),
            ("place_order", ("shipping_address", "name")),
            ("place_order", ("shipping_address", "line1")),
            ("place_order", ("shipping_address", "city")),
            ("create_location", ("address", "line1")),
        ],
    )
    def test_contain_no_link(self, send, name, path):
        for text in LINKS:
            assert send(name, path, text) == {".".join(path)}

    def test_may_be_a_domain(self, world):
        api = world.callers["customer"]
        body = {"name": "Booking.com", "email": "hello@paper.example", "currency": "EUR"}
        assert api.post("/api/companies", body).status_code == 201
