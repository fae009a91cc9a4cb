"""Absent and null are two things: where a request may say null, the document says what it means."""

from collections.abc import Iterator
from typing import Any

import marshmallow
import pytest
from marshmallow import fields

from api.app import create_app
from api.schemas import OPTIONAL_NULL, REQUIRED_NULL, Schema, WholeSchema


def nested(field: Any) -> Any:
    """The schema that a field, or a list of such fields, holds; None when it is a plain value."""
    inner = field.inner if isinstance(field, fields.List) else field
    return inner.schema if isinstance(inner, fields.Nested) else None


def with_parts(schema: marshmallow.Schema) -> Iterator[marshmallow.Schema]:
    yield schema
    for field in schema.fields.values():
        if (part := nested(field)) is not None:
            yield from with_parts(part)


@pytest.fixture(scope="module")
def bodies() -> dict[str, marshmallow.Schema]:
    """The schemas of request bodies and of all their parts, by name."""
    found = {}
    for view in create_app().view_functions.values():
        for told in getattr(view, "_apidoc", {}).get("arguments", {}).get("parameters", ()):
            if told["in"] == "json":
                found |= {type(part).__name__: part for part in with_parts(told["schema"])}
    assert len(found) > 30
    return found


class TestNull:
    def test_is_judged_by_one_base_class(self, bodies):
        assert [name for name, schema in bodies.items() if not isinstance(schema, Schema)] == []

    def test_is_taken_where_the_document_says_what_it_means(self, bodies):
        silent = [
            f"{name}.{field.name}"
            for name, schema in bodies.items()
            for field in schema.fields.values()
            if field.allow_none and not isinstance(schema, WholeSchema)
            if "null" not in field.metadata.get("description", "").lower()
        ]
        assert silent == []

    def test_is_refused_elsewhere_with_what_to_send_instead(self, bodies):
        for name, schema in bodies.items():
            refusals = schema.validate(dict.fromkeys((f.data_key or f.name for f in schema.fields.values()), None))
            for field in schema.fields.values():
                told = refusals.get(field.data_key or field.name)
                if not field.allow_none:
                    assert told == [REQUIRED_NULL if field.required else OPTIONAL_NULL], f"{name}.{field.name}"
                else:
                    assert told in (None, ["Missing data for required field."]), f"{name}.{field.name}"
