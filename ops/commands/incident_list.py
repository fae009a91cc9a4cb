"""`orderx saga list --stuck`: the open incidents."""

from typing import Any
from uuid import UUID

from kit import db
from ops.commands.incident_options import incident_filter
from ops.commands.output import print_rows
from saga.incidents import queries


def print_incidents(
    *, step: str | None, error: str | None, saga: str | None, company: UUID | None, limit: int, as_json: bool
) -> None:
    """Print the matching open incidents, oldest first, and how many more there are."""
    with db.operator_transaction():
        selected = incident_filter(step=step, error=error, saga=saga, company=company)
        rows = queries.list_incidents(selected, limit=limit).data
        left = queries.count_incidents(selected) - len(rows)
    incidents = [_as_json(row.Incident, row.SagaRow) for row in rows]
    print_rows("stuck sagas", incidents, row=dict, line=_line, as_json=as_json, more=left)


def _line(row: dict[str, Any]) -> str:
    since = f"{row['opened_at']:%Y-%m-%d %H:%M:%S} UTC"
    tries = f"{row['attempts']} {'try' if row['attempts'] == 1 else 'tries'}"
    reason = row["error"].get("code", "")
    return f"{row['subject_id']}  {row['name']} {row['phase']}, {row['step']}: {reason} after {tries}, since {since}"


def _as_json(incident: Any, saga: Any) -> dict[str, Any]:
    about = {"saga_id": saga.id, "name": saga.name, "subject_id": saga.subject_id, "state": saga.state}
    of = ("company_id", "step", "phase", "error", "attempts", "opened_at")
    return {"incident_id": incident.id, **about, **{name: getattr(incident, name) for name in of}}
