"""Who may call the endpoints of `api.incidents`, and what the tests send to them."""

from types import SimpleNamespace

import psycopg

from kit.ids import new_id

POLICY = """
endpoint                        super_admin  company_admin  shop_manager  staff  customer  suspended
incidents.list_incidents        company      company        -             -      -         yes
incidents.retry_incidents       company      company        -             -      -         yes
incidents.skip_incidents        company      company        -             -      -         yes
incidents.compensate_incidents  company      company        -             -      -         yes
incidents.resolve_incidents     company      company        -             -      -         yes
"""

DRY_RUN = {"ids": ["{incident_id}"], "reason": "counted", "dry_run": True}
BODIES = {
    "incidents.retry_incidents": DRY_RUN,
    "incidents.skip_incidents": DRY_RUN,
    "incidents.compensate_incidents": DRY_RUN,
    "incidents.resolve_incidents": {**DRY_RUN, "as": "undone"},
}

QUERIES = {"incidents.list_incidents": {"company_id": "{company_id}"}}

LISTED = {"incidents.list_incidents": "incident_id"}


INCIDENT = """
    INSERT INTO incidents (id, saga_id, company_id, step, phase, error, attempts, opened_at)
    SELECT %s, id, company_id, 'capture_payment', 'running', '{"code": "timeout", "detail": null}',
        1, now() FROM sagas WHERE subject_id = %s"""


def rows(at):
    incident_id = new_id()
    with psycopg.connect(at.owner_url) as owner:
        owner.execute(INCIDENT, [incident_id, at.rows["order"].id])
    return {"incident": SimpleNamespace(id=incident_id)}
