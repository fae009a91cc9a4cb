"""What operators see of sagas that are stuck, and do about them; the command line's twin is `orderx saga`."""

from contextlib import AbstractContextManager
from typing import Any

from api.blueprint import Blueprint
from api.caller import Caller, current_caller
from api.operations.schemas import IncidentSchema, IncidentsQuery, ResolvingSchema, ResultsSchema, SettlingSchema
from api.schemas import page, page_of
from api.tenant import acting, acting_for_all_companies
from saga.engine.models import Incident, SagaRow
from saga.incidents import bulk, queries
from saga.incidents.bulk import Action, Decision
from saga.incidents.queries import IncidentFilter

blueprint = Blueprint(
    "incidents", __name__, url_prefix="/api/operations/incidents", description="Sagas that wait for an operator"
)


@blueprint.get("")
@blueprint.arguments(IncidentsQuery, location="query")
@blueprint.response(200, page_of(IncidentSchema))
def list_incidents(query: dict[str, Any]) -> dict[str, Any]:
    """List incidents, the oldest first.

    Each is a step, or an undo, that ran out of retries. While it is open its saga does not move; once it is settled,
    `resolution` says who did what and why.
    """
    incident_filter = IncidentFilter(
        query["step"], query["error"], query["saga"], query["company_id"], resolved=query["state"] == "settled"
    )
    with _transaction(all_companies=query["all_companies"]):
        rows = queries.list_incidents(incident_filter, limit=query["limit"] + 1, after=query["after"])
    return page([_shown(incident, saga) for incident, saga in rows], query["limit"])


@blueprint.post("/retry")
@blueprint.arguments(SettlingSchema)
@blueprint.response(200, ResultsSchema)
def retry_incidents(body: dict[str, Any]) -> dict[str, Any]:
    """Try the failed step, or undo, again.

    It gets as many attempts as at first. Right whenever the cause is mended. Each is settled or not whatever becomes
    of the others: read the results.
    """
    return _act("retry", body)


@blueprint.post("/skip")
@blueprint.arguments(SettlingSchema)
@blueprint.response(200, ResultsSchema)
def skip_incidents(body: dict[str, Any]) -> dict[str, Any]:
    """Go on without the failed step, or undo.

    Nothing does its work: do it by hand first. All other steps are still taken.
    """
    return _act("skip", body)


@blueprint.post("/compensate")
@blueprint.arguments(SettlingSchema)
@blueprint.response(200, ResultsSchema)
def compensate_incidents(body: dict[str, Any]) -> dict[str, Any]:
    """Turn back, and undo all that was begun.

    Refused where the outcome is sure, or something that was begun cannot be undone.
    """
    return _act("compensate", body)


@blueprint.post("/resolve")
@blueprint.arguments(ResolvingSchema)
@blueprint.response(200, ResultsSchema)
def resolve_incidents(body: dict[str, Any]) -> dict[str, Any]:
    """End the sagas here and now.

    Nothing more is done or undone for them, but for the mails that say how the order ended: do all that is left by
    hand first.
    """
    return _act("resolve", body)


def _act(action: Action, body: dict[str, Any]) -> dict[str, Any]:
    with _transaction(all_companies=body["all_companies"]):
        if "ids" in body:
            targets, left = bulk.targets_by_id(body["ids"]), 0
        else:
            values = {name: value for name, value in body["filter"].items() if name != "everything"}
            targets, left = bulk.targets_by_filter(IncidentFilter(**values), limit=body["limit"])
    decision = Decision(action, body["reason"], str(current_caller().user_id), body.get("end"))
    results = bulk.act_on_each(targets, decision, dry_run=body["dry_run"])
    return {"data": [result.as_row() for result in results], "dry_run": body["dry_run"], "left": left}


def _transaction(*, all_companies: bool) -> AbstractContextManager[Caller]:
    return acting_for_all_companies() if all_companies else acting()


def _shown(incident: Incident, saga: SagaRow) -> dict[str, Any]:
    of = (
        "id", "company_id", "saga_id", "step", "phase", "error", "attempts", "opened_at", "resolved_at", "resolution",
    )  # fmt: skip
    return {**{name: getattr(incident, name) for name in of}, "saga": saga.name, "order_id": saga.subject_id}
