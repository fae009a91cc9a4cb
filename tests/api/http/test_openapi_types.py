"""The parts of the OpenAPI document that generated clients depend on: types and error responses."""

import builtins

import pytest

from tests.api.openapi_checks import document, operations, refusals

ALWAYS_OPTIONAL = {
    "Problem": {"errors", "exceeded_limits", "saga"},
    "Branding": {"name", "colour", "logo_url", "reply_to", "footer"},
    "Address": {"name", "company", "line1", "line2", "postal_code", "city", "region"},
    "OrderSummary": {"lines"},
}
"""What an answer may lack, by its type."""
UNVERIFIED = {"create_company", "place_order", "set_up_second_factor", "confirm_second_factor"}
INSUFFICIENT_PRIVILEGES = {"create_invitation", "accept_invitation", "create_api_key", "remove_member"}


def schemas():
    return document()["components"]["schemas"]


def parts_of(node):
    """All that is in a part of the document, the part included."""
    yield node
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from parts_of(inner)


def types_in(*nodes):
    """The names of the types that parts of the document refer to, directly or not."""
    found, pending = set(), list(nodes)
    while pending:
        for part in parts_of(pending.pop()):
            name = part.get("$ref", "").rpartition("/")[2] if isinstance(part, dict) else ""
            if name in schemas() and name not in found:
                found.add(name)
                pending.append(schemas()[name])
    return found


def requests():
    return types_in(*(each.get("requestBody") for each in operations().values()))


def answers():
    return types_in(*(each["responses"] for each in operations().values()))


def within_types():
    """Every part of every type but the type itself."""
    for name, schema in schemas().items():
        yield from ((name, part) for inner in schema.values() for part in parts_of(inner) if isinstance(part, dict))


class TestTypes:
    def test_are_all_used(self):
        in_parameters = types_in(*(each.get("parameters") for each in operations().values()))
        assert schemas().keys() == requests() | answers() | in_parameters

    def test_name_every_enum(self):
        assert [(name, part) for name, part in within_types() if "enum" in part] == []
        asked = [each.get("parameters", []) for each in operations().values()]
        assert [part for part in parts_of(asked) if isinstance(part, dict) and "enum" in part] == []
        assert "enum" in schemas()["OrderStatus"]

    def test_name_every_object_that_has_fields(self):
        assert [(name, part) for name, part in within_types() if isinstance(part.get("properties"), dict)] == []

    def test_are_objects_or_alternatives_and_never_both(self):
        both = [
            name
            for name, schema in schemas().items()
            if "properties" in schema and {"oneOf", "anyOf", "allOf"} & schema.keys()
        ]
        assert both == []
        assert len(schemas()["Payment"]["oneOf"]) == 2

    def test_differ_for_requests_and_responses(self):
        shared = requests() & answers()
        assert {name for name in shared if "enum" not in schemas()[name]} == set()

    def test_of_requests_are_closed(self):
        closed = {
            name: schemas()[name].get("additionalProperties") for name in requests() if "properties" in schemas()[name]
        }
        assert {name for name, more in closed.items() if more is not False} == set()

    def test_of_requests_have_no_defaults(self):
        assert [name for name, part in within_types() if name in requests() and "default" in part] == []
        assert schemas()["NewApiKey"]["properties"]["days"]["description"].endswith("Default: 90")

    def test_have_no_reserved_name(self):
        taken = {*dir(builtins), "Error", "Exception", "Object", "Process", "Record", "String", "Thread", "Void"}
        assert schemas().keys() & taken == set()

    def test_of_responses_are_open(self):
        assert {name for name in answers() for part in parts_of(schemas()[name]) if closes(part)} == set()

    def test_of_responses_list_their_required_fields(self):
        objects = {name: schemas()[name] for name in answers() if "properties" in schemas()[name]}
        lacking = {name: schema["properties"].keys() - set(schema["required"]) for name, schema in objects.items()}
        assert {name: fields for name, fields in lacking.items() if fields} == ALWAYS_OPTIONAL

    def test_of_parameters_are_never_null(self):
        asked = [each.get("parameters", []) for each in operations().values()]
        assert [part for part in parts_of(asked) if isinstance(part, dict) and "null" in part.get("type", [])] == []


class TestRefusals:
    def test_are_documented_for_every_operation_with_a_token(self):
        taking = {name for name, operation in operations().items() if {"bearer": []} in operation["security"]}
        assert {name for name in operations() if "forbidden" in refusals(name)} == taking

    @pytest.mark.parametrize(
        ("code", "refusing"), [("email_unverified", UNVERIFIED), ("insufficient_privileges", INSUFFICIENT_PRIVILEGES)]
    )
    def test_are_documented_where_more_than_a_role_is_required(self, code, refusing):
        assert {name for name in operations() if code in refusals(name)} == refusing


class TestUnchanged:
    def test_is_documented_for_every_versioned_response(self):
        versioned = {
            "get_company", "get_shop", "get_location", "get_product", "get_category", "get_price_list", "get_customer",
            "get_order_status",
        }  # fmt: skip
        in_caches = {"show_shop", "browse_categories", "browse_products", "show_product"}
        documented = {name for name, operation in operations().items() if "304" in operation["responses"]}
        assert documented == versioned | in_caches


def closes(part):
    return isinstance(part, dict) and part.get("additionalProperties") is False
