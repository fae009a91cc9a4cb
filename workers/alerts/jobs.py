"""Alerts about jobs that have failed, until an operator retries or cancels them."""

from kit import alerts, db

_FAILED = "SELECT id::text, name, company_id, error FROM jobs WHERE state = 'failed'"


def check() -> None:
    """Open an alert for each failed job, and close those of the others."""
    with db.operator_transaction():
        failed = {
            job_id: {"job_id": job_id, "job": name, "company_id": company_id and str(company_id), "error": error}
            for job_id, name, company_id, error in db.run(_FAILED, {})
        }
        alerts.replace("job_failed", failed)
