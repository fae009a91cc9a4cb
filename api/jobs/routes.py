"""Show the jobs of a company, and download their results."""

from typing import Any
from uuid import UUID

from flask import Response

from api.auth.transactions import request_transaction
from api.http.blueprint import Blueprint
from api.http.downloads import streamed_result
from api.http.schemas import PageQuery, page_of
from api.jobs.schemas import JobSchema
from kit.jobs import results
from kit.jobs.rows import JobRow
from kit.paging import Page

blueprint = Blueprint("jobs", __name__, url_prefix="/api/jobs", description="Long work in the background")


@blueprint.get("")
@blueprint.requires("read_jobs")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_of(JobSchema))
def list_jobs(query: dict[str, Any]) -> Page[JobRow]:
    """List your company's jobs, newest first.

    A job is deleted 30 days after its end, with its result.
    """
    with request_transaction():
        return results.jobs_of_company(**query)


@blueprint.get("/<uuid:job_id>")
@blueprint.requires("read_jobs")
@blueprint.response(200, JobSchema)
def get_job(job_id: UUID) -> JobRow:
    """Show a job and its progress."""
    with request_transaction():
        return results.the_job(job_id=job_id)


@blueprint.get("/<uuid:job_id>/result")
@blueprint.requires("read_jobs")
@blueprint.response(200, {"type": "string"}, content_type="text/csv")
@blueprint.alt_response(409, "Conflict")
def download_job_result(job_id: UUID) -> Response:
    """Download the result of a job that has succeeded, as CSV."""
    with request_transaction():
        results.require_result(job_id=job_id)
    return streamed_result(job_id, filename=f"{job_id}.csv")
