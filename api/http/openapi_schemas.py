"""Conversion of our marshmallow schemas to the JSON Schemas of the OpenAPI document."""

import json
from inspect import cleandoc
from typing import Any

import marshmallow
from apispec.ext.marshmallow import MarshmallowPlugin, OpenAPIConverter

from api.http.choices import Choice
from api.http.responses import ResponseSchema

NULL = {"type": "null"}


class SchemaConverter(OpenAPIConverter):
    """apispec's conversion, extended for client generators: named enums, oneOf, required fields of responses."""

    def schema2jsonschema(self, schema: marshmallow.Schema) -> dict[str, Any]:
        """The JSON Schema of a schema."""
        description = {"description": cleandoc(schema.__doc__)} if schema.__doc__ else {}
        if one_of := getattr(schema, "one_of", ()):
            return {**description, "oneOf": [self.resolve_nested_schema(each) for each in one_of]}
        json_schema = {**description, **super().schema2jsonschema(schema)}
        if isinstance(schema, ResponseSchema):
            return {**json_schema, "required": schema.required()}
        return {
            **json_schema,
            "properties": {name: _with_described_default(field) for name, field in json_schema["properties"].items()},
        }

    def field2property(self, field: marshmallow.fields.Field[Any]) -> dict[str, Any]:
        """The JSON Schema of a field."""
        json_schema: dict[str, Any] = super().field2property(field)
        if json_schema.get("default", ...) is None:
            del json_schema["default"]  # null is the default of every optional field
        if isinstance(field, Choice):
            del json_schema["type"]
            choice = self._component(field)
            return {**json_schema, **({"anyOf": [choice, NULL]} if field.allow_none else choice)}
        return json_schema

    def _component(self, choice: Choice) -> dict[str, str]:
        enum = {"type": "string", "enum": choice.values, "examples": choice.values[:1]}
        if self.spec.components.schemas.setdefault(choice.component, enum) != enum:
            raise ValueError(f"two different enums are named {choice.component}")
        return self.spec.components.get_ref("schema", choice.component)

    def init_parameter_attribute_functions(self) -> None:
        """Make query parameters non-nullable: a query string has no null."""
        super().init_parameter_attribute_functions()
        self.add_parameter_attribute_function(_without_null)


def _with_described_default(field: dict[str, Any]) -> dict[str, Any]:
    """Move the default of a request field into its description: openapi-typescript would make it required."""
    if "default" not in field:
        return field
    description = [field["description"]] if "description" in field else []
    default = f"Default: {json.dumps(field.pop('default'))}"
    return {**field, "description": ". ".join([*description, default])}


def _without_null(_: OpenAPIConverter, field: marshmallow.fields.Field[Any], ret: dict[str, Any]) -> dict[str, Any]:
    if not field.allow_none:
        return {}
    json_schema = dict(ret["schema"])
    if "anyOf" in json_schema:
        return {"schema": {**json_schema.pop("anyOf")[0], **json_schema}}
    return {"schema": {**json_schema, "type": json_schema["type"][0]}}


class SchemaPlugin(MarshmallowPlugin):
    """apispec's plugin with our converter."""

    Converter = SchemaConverter
