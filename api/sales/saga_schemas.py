"""Response schemas of the sagas of an order."""

from marshmallow import fields

from api.http.responses import ResponseSchema
from api.sales.schemas import FailureSchema


class SagaStepSchema(ResponseSchema):
    """A step of the saga, with its attempts and outcome, and its undo."""

    step = fields.String(metadata={"examples": ["reserve_stock"]})
    state = fields.String(metadata={"examples": ["done"]})
    attempts = fields.Integer()
    undo = fields.String(allow_none=True, metadata={"examples": ["release_stock"]})
    undo_attempts = fields.Integer()
    outcome = fields.Dict(allow_none=True)
    error = fields.Dict(allow_none=True)
    retry_at = fields.AwareDateTime(allow_none=True)
    begun_at = fields.AwareDateTime(allow_none=True)
    answered_at = fields.AwareDateTime(allow_none=True)
    undone_at = fields.AwareDateTime(allow_none=True)


class SagaEventSchema(ResponseSchema):
    """An event in the history of the saga."""

    happened_at = fields.AwareDateTime()
    event = fields.String(metadata={"examples": ["begun"]})
    step = fields.String(allow_none=True)
    detail = fields.Dict(allow_none=True)


class AwaitedSignalSchema(ResponseSchema):
    """The signal that the saga is waiting for. If it does not come in time, the saga goes on as it is defined."""

    signal = fields.String(metadata={"examples": ["payment.confirmed"]})
    until = fields.AwareDateTime()


class SagaSchema(ResponseSchema):
    """A saga with its steps and events."""

    id = fields.UUID()
    name = fields.String(metadata={"examples": ["place_order"]})
    version = fields.Integer()
    state = fields.String(metadata={"examples": ["done"]})
    waiting_for = fields.Nested(AwaitedSignalSchema, allow_none=True)
    failure = fields.Nested(FailureSchema, allow_none=True)
    started_at = fields.AwareDateTime()
    ended_at = fields.AwareDateTime(allow_none=True)
    steps = fields.List(fields.Nested(SagaStepSchema))
    events = fields.List(fields.Nested(SagaEventSchema))


class OrderSagasSchema(ResponseSchema):
    """The sagas of an order: the one that places it, and the one that cancels it, if any."""

    data = fields.List(fields.Nested(SagaSchema))
