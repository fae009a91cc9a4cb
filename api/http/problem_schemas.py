"""Schemas of problem details (RFC 9457)."""

from marshmallow import fields

from api.http.responses import ResponseSchema


class FieldErrorSchema(ResponseSchema):
    """An error in one field of the request."""

    path = fields.String(metadata={"examples": ["lines.0.quantity"]})
    message = fields.String(metadata={"examples": ["Must be greater than or equal to 1."]})


class ExceededLimitSchema(ResponseSchema):
    """A limit of the company's plan that is reached or exceeded."""

    limit = fields.String(metadata={"examples": ["shops"]})
    in_use = fields.Integer(metadata={"examples": [1]})
    allowed = fields.Integer(metadata={"examples": [1]})


class OpenSagaSchema(ResponseSchema):
    """A saga that is changing the object; `id` is null if it has not started."""

    name = fields.String(metadata={"examples": ["cancel_order"]})
    id = fields.UUID(allow_none=True)


class ProblemSchema(ResponseSchema):
    """RFC 9457 problem details. `code` is stable. Quote `request_id` to support."""

    optional = frozenset({"errors", "exceeded_limits", "saga"})

    type = fields.String(metadata={"format": "uri-reference", "examples": ["/problems/invalid"]})
    title = fields.String()
    status = fields.Integer()
    detail = fields.String()
    instance = fields.String(metadata={"format": "uri-reference"})
    code = fields.String(metadata={"examples": ["invalid"]})
    request_id = fields.String(metadata={"description": "The X-Request-ID of the response"})
    errors = fields.List(fields.Nested(FieldErrorSchema))
    exceeded_limits = fields.List(
        fields.Nested(ExceededLimitSchema),
        metadata={"description": "With `plan_limit_reached` and `plan_too_small`: the exceeded limits"},
    )
    saga = fields.Nested(
        OpenSagaSchema,
        metadata={"description": "With `saga_in_progress`: the saga because of which the request is refused"},
    )
