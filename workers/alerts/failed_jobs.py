"""Alerts about jobs that have failed, until an operator retries or cancels them."""

from kit import alerts, db

MAX_ALERTS = 100
"""Alerts open at a time; those of the longest failed jobs come first."""

# Ids are UUIDv7: the first one is the oldest.
_FIND_FAILED_JOBS = """
    SELECT DISTINCT ON (name, coalesce(key, id::text)) id::text, name, key, company_id, error
    FROM jobs WHERE state = 'failed' ORDER BY name, coalesce(key, id::text), id"""
_FIND_OLDEST_FAILED_JOBS = f"SELECT * FROM ({_FIND_FAILED_JOBS}) AS failed ORDER BY id LIMIT {MAX_ALERTS}"  # noqa: S608 - constants


def check() -> None:
    """Open an alert for the failed jobs of each name and key, and close those of the others."""
    with db.operator_transaction():
        failed = {
            f"{name} {key or job_id}": {
                "job_id": job_id, "job": name, "key": key, "company_id": company_id and str(company_id), "error": error,
            }
            for job_id, name, key, company_id, error in db.run(_FIND_OLDEST_FAILED_JOBS, {})
        }  # fmt: skip
        alerts.replace("job_failed", failed)
