"""How the OpenAPI document shows our schemas: open answers, alternatives as types of their own, choices by name."""

import json
from inspect import cleandoc
from typing import Any

import marshmallow
from apispec.ext.marshmallow import MarshmallowPlugin, OpenAPIConverter

from api.answers import AnswerSchema
from api.choices import Choice

NULL = {"type": "null"}


class SchemaConverter(OpenAPIConverter):
    """apispec's conversion, and what generators of clients need beyond it."""

    def schema2jsonschema(self, schema: marshmallow.Schema) -> dict[str, Any]:
        """The schema as JSON Schema."""
        described = {"description": cleandoc(schema.__doc__)} if schema.__doc__ else {}
        if one_of := getattr(schema, "one_of", ()):
            return {**described, "oneOf": [self.resolve_nested_schema(each) for each in one_of]}
        shown = {**described, **super().schema2jsonschema(schema)}
        if isinstance(schema, AnswerSchema):
            return {**shown, "required": schema.required()}
        return {
            **shown,
            "properties": {name: _with_described_default(each) for name, each in shown["properties"].items()},
        }

    def field2property(self, field: marshmallow.fields.Field[Any]) -> dict[str, Any]:
        """The field as JSON Schema."""
        shown: dict[str, Any] = super().field2property(field)
        if shown.get("default", ...) is None:
            del shown["default"]  # to leave it out says the same
        if isinstance(field, Choice):
            del shown["type"], shown["enum"]
            choice = self._component(field)
            return {**shown, **({"anyOf": [choice, NULL]} if field.allow_none else choice)}
        return shown

    def _component(self, choice: Choice) -> dict[str, str]:
        described = {"type": "string", "enum": choice.words, "examples": choice.words[:1]}
        if self.spec.components.schemas.setdefault(choice.component, described) != described:
            raise ValueError(f"two choices are named {choice.component}")
        return self.spec.components.get_ref("schema", choice.component)

    def init_parameter_attribute_functions(self) -> None:
        """Add to apispec's own that a query has no null: it can only be left out."""
        super().init_parameter_attribute_functions()
        self.add_parameter_attribute_function(_without_null)


def _with_described_default(field: dict[str, Any]) -> dict[str, Any]:
    """The field of a request; openapi-typescript would take one with a default for one that must be sent."""
    if "default" not in field:
        return field
    described = [field["description"]] if "description" in field else []
    default = f"Unless given: {json.dumps(field.pop('default'))}"
    return {**field, "description": ". ".join([*described, default])}


def _without_null(_: OpenAPIConverter, field: marshmallow.fields.Field[Any], ret: dict[str, Any]) -> dict[str, Any]:
    if not field.allow_none:
        return {}
    shown = dict(ret["schema"])
    if "anyOf" in shown:
        return {"schema": {**shown.pop("anyOf")[0], **shown}}
    return {"schema": {**shown, "type": shown["type"][0]}}


class Schemas(MarshmallowPlugin):
    """Makes JSON Schemas of our schemas."""

    Converter = SchemaConverter
