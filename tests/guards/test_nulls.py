"""A null in a request is accepted only where the OpenAPI document describes its meaning."""

from collections.abc import Iterator
from typing import Any

import marshmallow
import pytest
from marshmallow import fields

from api.http.schemas import OPTIONAL_NULL_MESSAGE, REQUIRED_NULL_MESSAGE, Schema, ValueObjectSchema
from tests.api.shared_app import shared_app


def nested(field: Any) -> Any:
    """The schema nested in a field or in a list of such fields, or None."""
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
    for view in shared_app().view_functions.values():
        for parameter in getattr(view, "_apidoc", {}).get("arguments", {}).get("parameters", ()):
            if parameter["in"] == "json":
                found |= {type(part).__name__: part for part in with_parts(parameter["schema"])}
    assert len(found) > 30
    return found


class TestNull:
    def test_is_handled_by_one_base_class(self, bodies):
        assert [name for name, schema in bodies.items() if not isinstance(schema, Schema)] == []

    def test_is_described_where_it_is_accepted(self, bodies):
        undocumented = [
            f"{name}.{field.name}"
            for name, schema in bodies.items()
            for field in schema.fields.values()
            if field.allow_none and not isinstance(schema, ValueObjectSchema)
            if "null" not in field.metadata.get("description", "").lower()
        ]
        assert undocumented == []

    def test_is_refused_elsewhere_with_advice(self, bodies):
        for name, schema in bodies.items():
            refusals = schema.validate(dict.fromkeys((f.data_key or f.name for f in schema.fields.values()), None))
            for field in schema.fields.values():
                messages = refusals.get(field.data_key or field.name)
                if not field.allow_none:
                    expected = REQUIRED_NULL_MESSAGE if field.required else OPTIONAL_NULL_MESSAGE
                    assert messages == [expected], f"{name}.{field.name}"
                else:
                    assert messages in (None, ["Missing data for required field."]), f"{name}.{field.name}"
