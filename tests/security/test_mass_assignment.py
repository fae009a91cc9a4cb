"""Unknown fields are refused by name in every request body, and nothing is written."""

import copy

import psycopg
import pytest

from tests import factories
from tests.api.policies import BODIES
from tests.api.sales.policy import ADDRESS
from tests.api.world import filled

NOT_THE_CALLERS = (
    "id", "company_id", "shop_id", "user_id", "customer_id", "role", "status", "state", "total", "subtotal", "price",
    "unit_price", "version", "created_at", "verified_at", "is_admin", "permissions", "password_hash", "created_by",
    "invited_by", "reserved", "saga", "failure", "prefix", "secret", "expires_at", "accepted_at", "__proto__",
)  # fmt: skip
FILES = {"upload_import_file"}
"""Endpoints whose body is a file, which has no fields of ours."""
GOOD = {
    **{name.partition(".")[2]: body for name, body in BODIES.items() if name.partition(".")[2] not in FILES},
    "create_company": {"name": "Pens", "email": "pens@paper.example", "currency": "EUR"},
    "create_shop": {"name": "Quay"},
    "create_warehouse": {"name": "Loft"},
    "update_company": {
        "branding": {
            "name": "Paper", "footer": "1 Harbour Street", "logo_url": "https://paper.example/logo.png",
            "reply_to": "hello@paper.example",
        },
    },
    "update_location": {
        "opening_hours": "24/7", "exceptions": [{"first_day": "2026-12-24", "hours": "10:00-14:00", "reason": "Eve"}],
    },
    "update_me": {"name": "Ada", "notifications": {"email": {"news": True}}},
    "create_address": {"label": "Home", "address": ADDRESS},
    "register_user": {"email": "{newcomer}.example", "name": "Ada", "password": factories.PASSWORD},
    "request_password_reset": {"email": "{newcomer}"},
}  # fmt: skip
WITH_SECRETS = {
    "verify_email", "reset_password", "accept_invitation", "log_in", "refresh_tokens", "log_out", "change_password",
    "set_up_second_factor", "confirm_second_factor", "disable_second_factor", "erase_my_account", "update_address",
}  # fmt: skip
"""Endpoints that take a password, a token or an address; their schemas are equally strict."""


@pytest.fixture
def everything(database):
    """A digest of all rows, by table, without the records of super admins' requests."""
    tables = """
        SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
            AND relname <> 'super_admin_requests'"""

    def digest():
        with psycopg.connect(database) as owner:
            names = [name for (name,) in owner.execute(tables)]
            rows = {name: owner.execute(f"SELECT t::text FROM {name} t ORDER BY 1").fetchall() for name in names}
        return {name: hash(tuple(found)) for name, found in rows.items()}

    return digest


def spots(body, path=()):
    """Every object in the body, itself included, by its path."""
    if isinstance(body, dict):
        yield path
    for key, inner in body.items() if isinstance(body, dict) else enumerate(body):
        if isinstance(inner, dict | list):
            yield from spots(inner, (*path, key))


def known(document, operation, path):
    """The documented fields of the object at this path of the operation's body."""
    schemas = [*alternatives(document, operation["requestBody"]["content"]["application/json"]["schema"])]
    for key in path:
        inner = [each["items"] if isinstance(key, int) else each.get("properties", {}).get(key, {}) for each in schemas]
        schemas = [found for each in inner for found in alternatives(document, each)]
    return {name for each in schemas for name in each.get("properties", {})}


def alternatives(document, schema):
    """The schema itself, or its alternatives."""
    if "$ref" in schema:
        yield from alternatives(document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    elif several := schema.get("oneOf") or schema.get("anyOf"):
        for each in several:
            yield from alternatives(document, each)
    else:
        yield schema


def smuggled(body, path, names):
    """The body with these names added to the object at the path, and their paths."""
    forged = spot = copy.deepcopy(body)
    for key in path:
        spot = spot[key]
    spot.update(dict.fromkeys(names, "1"))
    return forged, {".".join(map(str, (*path, name))) for name in names}


class TestFieldsThatAreNotTheCallers:
    def test_are_refused_by_name_in_every_object_of_every_body_and_nothing_is_written(self, world, everything):
        document = world.app.test_client().get("/api/openapi.json").json
        admin, place = world.callers["super_admin"], world.places["own shop"]  # who may do all that takes a body
        ids = {**place, "newcomer": factories.make_user().email}
        with_body = {each["operationId"] for each in operations(document) if "requestBody" in each}
        before, tried = everything(), set()
        for rule in world.app.url_map.iter_rules():
            name, method = rule.endpoint.partition(".")[2], next(iter(rule.methods - {"HEAD", "OPTIONS"}))
            if name in GOOD.keys() & with_body:
                operation = operation_of(document, name)
                path, body = rule.build({each: place[each] for each in rule.arguments})[1], filled(GOOD[name], ids)
                for spot in spots(body):
                    names = [each for each in NOT_THE_CALLERS if each not in known(document, operation, spot)]
                    forged, paths = smuggled(body, spot, names)
                    answer = admin.request(method, path, json=forged)
                    assert answer.status_code == 422, (name, spot)
                    assert paths <= {error["path"] for error in answer.json["errors"]}, (name, spot)
                assert everything() == before, name
                answer = admin.request(method, path, json=body)  # it is nothing else that was refused
                assert answer.status_code < 300, (name, answer.json)
                before = everything()
                tried.add(name)
        assert tried == GOOD.keys() & with_body

    def test_are_tested_in_every_body(self, world):
        document = world.app.test_client().get("/api/openapi.json").json
        bodies = {each["operationId"] for each in operations(document) if "requestBody" in each}
        assert bodies - GOOD.keys() == WITH_SECRETS | FILES


def operations(document):
    return [item[verb] for item in document["paths"].values() for verb in item.keys() - {"parameters"}]


def operation_of(document, name):
    return next(each for each in operations(document) if each["operationId"] == name)
