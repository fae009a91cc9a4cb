"""Incidents: list stuck sagas, and retry, skip, compensate or resolve them. `orderx saga` does the same."""

from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import Row

from api.auth.caller import Caller, current_caller
from api.auth.transactions import all_companies_transaction, request_transaction
from api.http.blueprint import Blueprint
from api.http.schemas import page_of
from api.incidents.schemas import (
    IncidentActionSchema,
    IncidentResolutionSchema,
    IncidentResultsSchema,
    IncidentSchema,
    IncidentsQuery,
)
from kit.paging import Page
from saga.engine.models import Incident, SagaRow
from saga.incidents import bulk, queries
from saga.incidents.bulk import Action, Decision
from saga.incidents.queries import IncidentFilter

blueprint = Blueprint(
    "incidents", __name__, url_prefix="/api/operations/incidents", description="Stuck sagas, for operators"
)


@blueprint.get("")
@blueprint.requires("read_incidents")
@blueprint.arguments(IncidentsQuery, location="query")
@blueprint.response(200, page_of(IncidentSchema))
def list_incidents(query: dict[str, Any]) -> Page[dict[str, Any]]:
    """List incidents, the oldest first.

    An incident is a step, or the undo of a step, that ran out of retries. Its saga is stuck until an operator handles
    the incident. Then `resolution` has the operator, the action and the reason.
    """
    incident_filter = IncidentFilter(
        query["step"], query["error"], query["saga"], query["company_id"], resolved=query["state"] == "resolved"
    )
    with _transaction(all_companies=query["all_companies"]):
        incidents = queries.list_incidents(incident_filter, limit=query["limit"], after=query["after"])
    return incidents.map(_serialize)


@blueprint.post("/retry")
@blueprint.requires("resolve_incidents")
@blueprint.arguments(IncidentActionSchema)
@blueprint.response(200, IncidentResultsSchema)
def retry_incidents(body: dict[str, Any]) -> dict[str, Any]:
    """Retry the failed step, or undo, of incidents.

    It gets all its attempts again. Use this once the cause is fixed. Each incident succeeds or fails on its own: see
    the results.
    """
    return _act("retry", body)


@blueprint.post("/skip")
@blueprint.requires("resolve_incidents")
@blueprint.arguments(IncidentActionSchema)
@blueprint.response(200, IncidentResultsSchema)
def skip_incidents(body: dict[str, Any]) -> dict[str, Any]:
    """Skip the failed step, or undo, of incidents.

    Its saga continues with the other steps. Do the work of the skipped step yourself first.
    """
    return _act("skip", body)


@blueprint.post("/compensate")
@blueprint.requires("resolve_incidents")
@blueprint.arguments(IncidentActionSchema)
@blueprint.response(200, IncidentResultsSchema)
def compensate_incidents(body: dict[str, Any]) -> dict[str, Any]:
    """Compensate the sagas of incidents: undo all steps that have started.

    Refused if the outcome of the saga is already decided, or if a step that has started has no undo.
    """
    return _act("compensate", body)


@blueprint.post("/resolve")
@blueprint.requires("resolve_incidents")
@blueprint.arguments(IncidentResolutionSchema)
@blueprint.response(200, IncidentResultsSchema)
def resolve_incidents(body: dict[str, Any]) -> dict[str, Any]:
    """Resolve incidents: end their sagas immediately.

    No further step or undo runs, except the mails about the outcome of the order. Do the remaining work yourself first.
    """
    return _act("resolve", body)


def _act(action: Action, body: dict[str, Any]) -> dict[str, Any]:
    with _transaction(all_companies=body["all_companies"]):
        if "ids" in body:
            chosen, remaining = bulk.choose_by_ids(body["ids"]), 0
        else:
            criteria = {name: value for name, value in body["filter"].items() if name != "all"}
            chosen, remaining = bulk.choose_by_filter(IncidentFilter(**criteria), limit=body["limit"])
    decision = Decision(action, body["reason"], str(current_caller().user_id), body.get("end"))
    results = bulk.act_on_each(chosen, decision, dry_run=body["dry_run"])
    return {"data": [result.as_row() for result in results], "dry_run": body["dry_run"], "remaining": remaining}


def _transaction(*, all_companies: bool) -> AbstractContextManager[Caller]:
    return all_companies_transaction() if all_companies else request_transaction()


def _serialize(row: Row[Incident, SagaRow]) -> dict[str, Any]:
    incident, saga = row
    names = (
        "id", "company_id", "saga_id", "step", "phase", "error", "attempts", "opened_at", "resolved_at", "resolution",
    )  # fmt: skip
    return {**{name: getattr(incident, name) for name in names}, "saga": saga.name, "subject_id": saga.subject_id}
