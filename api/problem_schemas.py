"""What problems look like (RFC 9457)."""

from marshmallow import fields

from api.answers import AnswerSchema


class FieldErrorSchema(AnswerSchema):
    """What is wrong with one field."""

    path = fields.String(metadata={"examples": ["lines.0.quantity"]})
    message = fields.String(metadata={"examples": ["Must be greater than or equal to 1."]})


class OverSchema(AnswerSchema):
    """A limit of a company's plan."""

    limit = fields.String(metadata={"examples": ["shops"]})
    in_use = fields.Integer(metadata={"examples": [1]})
    allowed = fields.Integer(metadata={"examples": [1]})


class ProblemSchema(AnswerSchema):
    """RFC 9457 problem details. `code` is stable; `request_id` is what to quote to support."""

    optional = frozenset({"errors", "over"})

    type = fields.String(metadata={"format": "uri-reference", "examples": ["/problems/invalid"]})
    title = fields.String()
    status = fields.Integer()
    detail = fields.String()
    instance = fields.String(metadata={"format": "uri-reference"})
    code = fields.String(metadata={"examples": ["invalid"]})
    request_id = fields.String(metadata={"description": "The answer's X-Request-ID"})
    errors = fields.List(fields.Nested(FieldErrorSchema))
    over = fields.List(
        fields.Nested(OverSchema),
        metadata={"description": "With `plan_limit_reached` and `plan_too_small`: the limits in the way"},
    )
