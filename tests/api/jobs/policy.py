"""Who may call the endpoints of `api.jobs`, and what the tests send to them."""

from types import SimpleNamespace

import psycopg

from kit.ids import new_id

POLICY = """
endpoint                  super_admin  company_admin  shop_manager  staff  customer  suspended
jobs.list_jobs            company      company        -             -      -         yes
jobs.get_job              company      company        -             -      -         yes
jobs.download_job_result  company      company        -             -      -         yes
"""

LISTED = {"jobs.list_jobs": "job_id"}

JOB = """
    INSERT INTO jobs (id, company_id, name, arguments, state, started_at, lease_until, ended_at)
    VALUES (%s, %s, 'export_orders', '{}', 'succeeded', now(), now(), now())"""


def rows(at):
    job_id = new_id()
    with psycopg.connect(at.owner_url) as owner:
        owner.execute(JOB, [job_id, at.company.id])
    return {"job": SimpleNamespace(id=job_id)}
