"""What settling incidents takes and answers."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from api.answers import AnswerSchema
from api.choices import Choice
from api.schemas import Flag, List, PageQuery, QueryFlag, Schema, Text

MOST = 500
STEP = {"description": "The step it is stuck in, or whose undo it is stuck in", "examples": ["commit_stock"]}
ERROR = {"description": "The code of the error it is stuck because of", "examples": ["payment_provider_unavailable"]}
SAGA = {"description": "The saga's name", "examples": ["place_order"]}
PHASE = {"description": "What the saga was doing; `compensating`: the step's undo"}
ALL_COMPANIES = {"description": "Look past your company: for a super_admin alone"}


class IncidentsQuery(PageQuery):
    """Which incidents to list."""

    state = Choice("IncidentState", ["open", "settled"], load_default="open")
    step = Text(load_default=None, metadata=STEP)
    error = Text(load_default=None, metadata=ERROR)
    saga = Text(load_default=None, metadata=SAGA)
    company_id = fields.UUID(load_default=None)
    all_companies = QueryFlag(load_default=False, metadata=ALL_COMPANIES)


class CauseSchema(AnswerSchema):
    """Why something did not work."""

    code = fields.String(metadata=ERROR)
    detail = fields.String(allow_none=True)


class IncidentSchema(AnswerSchema):
    """A step, or an undo, that ran out of retries: its saga waits for an operator, or has been settled."""

    id = fields.UUID()
    company_id = fields.UUID()
    saga_id = fields.UUID()
    order_id = fields.UUID()
    saga = fields.String(metadata=SAGA)
    step = fields.String(metadata=STEP)
    phase = Choice("SagaPhase", ["running", "finishing", "compensating"], metadata=PHASE)
    error = fields.Nested(CauseSchema)
    attempts = fields.Integer()
    opened_at = fields.AwareDateTime()
    resolved_at = fields.AwareDateTime(allow_none=True)
    resolution = fields.Dict(
        allow_none=True,
        metadata={"examples": [{"action": "retry", "reason": "the provider is back", "by": "01a1f9fb-…"}]},
    )


class FilterSchema(Schema):
    """What the incidents to settle have in common: at least one of these, or `everything`."""

    step = Text(load_default=None, allow_none=False, metadata=STEP)
    error = Text(load_default=None, allow_none=False, metadata=ERROR)
    saga = Text(load_default=None, allow_none=False, metadata=SAGA)
    company_id = fields.UUID(load_default=None, allow_none=False)
    everything = Flag(load_default=False, metadata={"description": "Say so to settle all that is stuck"})

    @validates_schema
    def _says_something(self, data: dict[str, Any], **_: Any) -> None:
        if not any(data.values()):
            raise ValidationError("Name a step, an error, a saga or a company, or say `everything`: true.")


class SettlingSchema(Schema):
    """Which incidents to settle, by `ids` or by a `filter`, and why."""

    ids = List(
        fields.UUID(),
        least=1,
        most=MOST,
        metadata={"description": "Ids of incidents, of their sagas, or of their orders"},
    )
    filter = fields.Nested(FilterSchema, metadata={"description": "In place of ids"})
    limit = fields.Integer(
        load_default=100,
        strict=True,
        validate=validate.Range(min=1, max=MOST),
        metadata={"description": "With a filter: at most so many, the oldest first"},
    )
    reason = Text(
        required=True,
        longest=1000,
        metadata={"description": "Kept with each incident", "examples": ["the provider is back"]},
    )
    dry_run = Flag(load_default=False, metadata={"description": "Only say what would become of each"})
    all_companies = Flag(load_default=False, metadata=ALL_COMPANIES)

    @validates_schema
    def _says_which(self, data: dict[str, Any], **_: Any) -> None:
        if ("ids" in data) == ("filter" in data):
            raise ValidationError("Send either ids or a filter.", "ids")


class ResolvingSchema(SettlingSchema):
    """Which incidents to resolve, and how their sagas end."""

    end = Choice("SagaEnd", ["done", "undone"], data_key="as", required=True)


class ResultSchema(AnswerSchema):
    """What became of one, or would become of it in a dry run."""

    id = fields.UUID(metadata={"description": "As you named it; with a filter, the order's"})
    result = Choice("SettlingResult", ["settled", "failed"])
    error = fields.Nested(CauseSchema, allow_none=True, metadata={"description": "Why it failed"})
    incident_id = fields.UUID(allow_none=True)
    saga_id = fields.UUID(allow_none=True)
    order_id = fields.UUID(attribute="subject_id", allow_none=True)
    saga = fields.String(allow_none=True, metadata=SAGA)
    step = fields.String(allow_none=True, metadata=STEP)
    state = fields.String(allow_none=True, metadata={"description": "The saga's, then", "examples": ["running"]})
    tasks = fields.List(fields.String(), metadata={"examples": [["saga.advance"]]})


class ResultsSchema(AnswerSchema):
    """What became of each, and how many more fit the filter."""

    data = fields.List(fields.Nested(ResultSchema))
    dry_run = fields.Boolean()
    left = fields.Integer()
