"""Response schemas of jobs."""

from typing import Any

from marshmallow import fields

from api.http.choices import Choice
from api.http.responses import ResponseSchema
from kit.jobs.rows import STATES

RESULT = {
    "description": "Where to download the result; null unless the job has succeeded",
    "examples": ["/api/jobs/01a1f9fb-f07c-7766-bd40-d664d485d37e/result"],
}


class JobSchema(ResponseSchema):
    """Long work in the background. `items` grows while the job is running."""

    id = fields.UUID()
    name = fields.String(metadata={"description": "What the job does", "examples": ["export_orders"]})
    state = Choice("JobState", list(STATES))
    items = fields.Integer(metadata={"description": "Items done so far, orders for example", "examples": [2000]})
    started_at = fields.AwareDateTime()
    ended_at = fields.AwareDateTime(allow_none=True)
    result = fields.Method("_result", allow_none=True, metadata={"type": "string", **RESULT})

    def _result(self, job: Any) -> str | None:
        return f"/api/jobs/{job.id}/result" if job.state == "succeeded" else None
