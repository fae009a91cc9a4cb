"""Create imports, upload their files, start them, and show their progress and errors."""

from typing import Any
from uuid import UUID

from flask import Response, request

from api.auth.caller import current_caller
from api.auth.transactions import request_transaction
from api.http.blueprint import Blueprint
from api.http.downloads import streamed_result
from api.http.schemas import PageQuery, page_of
from api.imports.schemas import ImportProgressSchema, NewImportSchema, PartQuery
from domain.imports import queries, uploads
from domain.imports.declarations import kinds
from domain.imports.queries import ImportProgress
from kit import clock
from kit.errors import Forbidden
from kit.paging import Page
from kit.tabular.formats import FileFormat
from saga.jobs.imports import start_import as start_job

blueprint = Blueprint("imports", __name__, url_prefix="/api/imports", description="Imports of files")

BYTES = {"type": "string", "format": "binary", "minLength": 1, "examples": ["email,name\nada@customers.example,Ada\n"]}
FILE = {"requestBody": {"required": True, "content": {"application/octet-stream": {"schema": BYTES}}}}


@blueprint.post("")
@blueprint.requires("run_imports")
@blueprint.arguments(NewImportSchema)
@blueprint.response(201, ImportProgressSchema)
def create_import(body: dict[str, Any]) -> tuple[ImportProgress, dict[str, str]]:
    """Create an import. Upload its file in parts then, and start it.

    A row updates what its key names, or creates it. An empty cell removes the value; a column that the file does not
    have changes nothing. Lists in CSV have `|` between their entries. CSV that this API exports can be imported as it
    is. An import is deleted after seven days.
    """
    kind = kinds()[body["kind"]]
    if not current_caller().permission_set.includes(kind.permission):
        raise Forbidden(f"Importing {kind.name} requires the permission {kind.permission.name}, too.")
    file_format = FileFormat(**body.pop("format"))
    with request_transaction() as caller:
        created = uploads.create(company_id=caller.company_id, file_format=file_format, **body)
        progress = queries.progress_of(created)
    return progress, {"Location": f"/api/imports/{created.id}"}


@blueprint.get("")
@blueprint.requires("run_imports")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_of(ImportProgressSchema))
def list_imports(query: dict[str, Any]) -> Page[ImportProgress]:
    """List your company's imports, newest first."""
    with request_transaction():
        return queries.imports(**query).map(queries.progress_of)


@blueprint.get("/<uuid:import_id>")
@blueprint.requires("run_imports")
@blueprint.response(200, ImportProgressSchema)
def get_import(import_id: UUID) -> ImportProgress:
    """Show an import and its progress."""
    with request_transaction():
        return queries.progress_of(queries.the_import(import_id=import_id))


@blueprint.put("/<uuid:import_id>/file")
@blueprint.requires("run_imports")
@blueprint.doc(**FILE)
@blueprint.arguments(PartQuery, location="query")
@blueprint.response(204)
@blueprint.alt_response(409, "Conflict")
def upload_import_file(query: dict[str, Any], import_id: UUID) -> None:
    """Upload the file: up to 1 MiB of its bytes, as they are.

    A larger file is sent in parts, which are numbered from 0. It may be cut anywhere, and its parts sent in any order.
    A part that is sent again replaces the first one.
    """
    content = request.get_data()
    with request_transaction():
        uploads.put_part(import_id=import_id, content=content, **query)


@blueprint.post("/<uuid:import_id>/start")
@blueprint.requires("run_imports")
@blueprint.response(202, ImportProgressSchema)
@blueprint.alt_response(409, "Conflict")
def start_import(import_id: UUID) -> tuple[ImportProgress, dict[str, str]]:
    """Start an import whose file is uploaded completely. It runs in the background.

    Starting it again does nothing. `GET` shows its progress.
    """
    with request_transaction() as caller:
        assert caller.company_id
        started = start_job(import_id=import_id, company_id=caller.company_id, now=clock.now())
        progress = queries.progress_of(started)
    return progress, {"Location": f"/api/imports/{import_id}"}


@blueprint.get("/<uuid:import_id>/errors")
@blueprint.requires("run_imports")
@blueprint.response(200, {"type": "string"}, content_type="text/csv")
def download_import_errors(import_id: UUID) -> Response:
    """Download what is wrong with the file so far, as CSV: the line, the column, and how to fix it."""
    with request_transaction():
        job_id = queries.the_import(import_id=import_id).job_id
    return streamed_result(job_id, filename=f"{import_id}.csv")
