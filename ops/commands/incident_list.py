"""`orderx saga list --stuck`: the open incidents."""

from typing import Any

from kit import db
from ops.commands.output import console, print_json, print_line
from saga.incidents import queries
from saga.incidents.queries import IncidentFilter


def print_incidents(incident_filter: IncidentFilter, *, limit: int, as_json: bool) -> None:
    """Print the matching open incidents, oldest first, and how many more there are."""
    with db.operator_transaction():
        rows = queries.list_incidents(incident_filter, limit=limit).data
        left = queries.count_incidents(incident_filter) - len(rows)
    incidents = [_as_json(row.Incident, row.SagaRow) for row in rows]
    if as_json:
        print_json(incidents)
        return
    for row in incidents:
        print_line(_line(row))
    console.print(f"stuck sagas: {len(incidents) or 'none'}" + (f", and {left} more: see --limit" if left else ""))


def _line(row: dict[str, Any]) -> str:
    since = f"{row['opened_at']:%Y-%m-%d %H:%M:%S} UTC"
    tries = f"{row['attempts']} {'try' if row['attempts'] == 1 else 'tries'}"
    reason = row["error"].get("code", "")
    return f"{row['subject_id']}  {row['name']} {row['phase']}, {row['step']}: {reason} after {tries}, since {since}"


def _as_json(incident: Any, saga: Any) -> dict[str, Any]:
    about = {"saga_id": saga.id, "name": saga.name, "subject_id": saga.subject_id, "state": saga.state}
    of = ("company_id", "step", "phase", "error", "attempts", "opened_at")
    return {"incident_id": incident.id, **about, **{name: getattr(incident, name) for name in of}}
