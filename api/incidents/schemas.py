"""Request and response schemas of incidents."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from api.http.choices import Choice
from api.http.fields import List, QueryBoolean, StrictBoolean, Text
from api.http.responses import ResponseSchema
from api.http.schemas import PageQuery, Schema

MAX_INCIDENTS = 500
STEP = {"description": "The step that failed, or whose undo failed", "examples": ["commit_stock"]}
ERROR = {"description": "The code of the error", "examples": ["payment_provider_unavailable"]}
SUBJECT = {"description": "What the saga is about, such as an order"}
SAGA = {"description": "The saga's name", "examples": ["place_order"]}
PHASE = {"description": "The phase of the saga when the step failed; in `compensating` its undo failed"}
ALL_COMPANIES = {"description": "Include all companies; for a super_admin only"}


class IncidentsQuery(PageQuery):
    """Filters for the list of incidents."""

    state = Choice("IncidentState", ["open", "resolved"], load_default="open")
    step = Text(load_default=None, metadata=STEP)
    error = Text(load_default=None, metadata=ERROR)
    saga = Text(load_default=None, metadata=SAGA)
    company_id = fields.UUID(load_default=None)
    all_companies = QueryBoolean(load_default=False, metadata=ALL_COMPANIES)


class IncidentErrorSchema(ResponseSchema):
    """The error of an incident or action."""

    code = fields.String(metadata=ERROR)
    detail = fields.String(allow_none=True)


class IncidentSchema(ResponseSchema):
    """A step, or its undo, that ran out of retries. Its saga is stuck until an operator handles the incident."""

    id = fields.UUID()
    company_id = fields.UUID()
    saga_id = fields.UUID()
    subject_id = fields.UUID(metadata=SUBJECT)
    saga = fields.String(metadata=SAGA)
    step = fields.String(metadata=STEP)
    phase = Choice("SagaPhase", ["running", "finishing", "compensating"], metadata=PHASE)
    error = fields.Nested(IncidentErrorSchema)
    attempts = fields.Integer()
    opened_at = fields.AwareDateTime()
    resolved_at = fields.AwareDateTime(allow_none=True)
    resolution = fields.Dict(
        allow_none=True,
        metadata={"examples": [{"action": "retry", "reason": "the provider is back", "by": "01a1f9fb-…"}]},
    )


class IncidentFilterSchema(Schema):
    """A filter for incidents: at least one of these fields, or `all`."""

    step = Text(load_default=None, allow_none=False, metadata=STEP)
    error = Text(load_default=None, allow_none=False, metadata=ERROR)
    saga = Text(load_default=None, allow_none=False, metadata=SAGA)
    company_id = fields.UUID(load_default=None, allow_none=False)
    all = StrictBoolean(load_default=False, metadata={"description": "Select all open incidents"})

    @validates_schema
    def _require_criterion(self, data: dict[str, Any], **_: Any) -> None:
        if not any(data.values()):
            raise ValidationError("Send a step, error, saga or company_id, or `all`: true.")


class IncidentActionSchema(Schema):
    """The incidents to handle, selected by `ids` or by a `filter`, and the reason."""

    ids = List(
        fields.UUID(),
        min_items=1,
        max_items=MAX_INCIDENTS,
        metadata={"description": "Ids of incidents, of sagas, or of their subjects, such as orders"},
    )
    filter = fields.Nested(IncidentFilterSchema, metadata={"description": "Instead of ids"})
    limit = fields.Integer(
        load_default=100,
        strict=True,
        validate=validate.Range(min=1, max=MAX_INCIDENTS),
        metadata={"description": "With a filter: the maximum number, the oldest first"},
    )
    reason = Text(
        required=True,
        max_length=1000,
        metadata={"description": "Stored with each incident", "examples": ["the provider is back"]},
    )
    dry_run = StrictBoolean(load_default=False, metadata={"description": "Only report what would happen"})
    all_companies = StrictBoolean(load_default=False, metadata=ALL_COMPANIES)

    @validates_schema
    def _require_one_selection(self, data: dict[str, Any], **_: Any) -> None:
        if ("ids" in data) == ("filter" in data):
            raise ValidationError("Send either ids or filter.", "ids")


class IncidentResolutionSchema(IncidentActionSchema):
    """The incidents to resolve, and the final state of their sagas."""

    end = Choice("SagaEnd", ["done", "undone"], data_key="as", required=True)


class IncidentResultSchema(ResponseSchema):
    """The result for one incident; in a dry run, the expected result."""

    id = fields.UUID(metadata={"description": "The id you sent; with a filter, the id of the saga's subject"})
    result = Choice("IncidentActionResult", ["succeeded", "failed"])
    error = fields.Nested(IncidentErrorSchema, allow_none=True, metadata={"description": "Null unless it failed"})
    incident_id = fields.UUID(allow_none=True)
    saga_id = fields.UUID(allow_none=True)
    subject_id = fields.UUID(allow_none=True, metadata=SUBJECT)
    saga = fields.String(allow_none=True, metadata=SAGA)
    step = fields.String(allow_none=True, metadata=STEP)
    state = fields.String(
        allow_none=True, metadata={"description": "The new state of the saga", "examples": ["running"]}
    )
    tasks = fields.List(fields.String(), metadata={"examples": [["saga.advance"]]})


class IncidentResultsSchema(ResponseSchema):
    """The result for each incident, and the number of further incidents (`remaining`) that match the filter."""

    data = fields.List(fields.Nested(IncidentResultSchema))
    dry_run = fields.Boolean()
    remaining = fields.Integer()
