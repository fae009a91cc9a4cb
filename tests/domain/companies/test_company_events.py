"""The events that decisions about companies publish. They do not contain the reasons, which people write."""

from datetime import timedelta

from domain.companies import company_settings, lifecycle
from kit import clock, db
from kit.ids import new_id
from tests import factories
from tests.factories import acting_for

NOW = clock.now()
SOMEBODY = new_id()


def test_companies_announce_what_is_decided_about_them(database, published):
    company = factories.make_company()
    due = NOW + lifecycle.DELETION_GRACE_PERIOD
    with db.transaction(acting_for(company)):
        company_settings.change(company_id=company.id, allows_discount=False)
        lifecycle.change_plan(company_id=company.id, plan="pro", by=SOMEBODY)
        lifecycle.suspend(company_id=company.id, reason="unpaid", by=SOMEBODY, now=NOW)
        lifecycle.resume(company_id=company.id, reason="paid", by=SOMEBODY)
        lifecycle.request_deletion(company_id=company.id, by=SOMEBODY, now=NOW)
        lifecycle.withdraw_deletion(company_id=company.id, by=SOMEBODY)
        lifecycle.request_deletion(company_id=company.id, by=SOMEBODY, now=NOW)
        lifecycle.close(company_id=company.id, now=due + timedelta(seconds=1))
    of_company = {"company_id": str(company.id)}
    by_somebody = {**of_company, "decided_by": str(SOMEBODY)}
    assert published("company.created") == [{**of_company, "decided_by": None}]
    assert published("company.updated") == [{**of_company, "changed": ["allows_discount"], "version": 2}]
    assert published("company.plan_changed") == [{**by_somebody, "previous_plan": "trial", "plan": "pro"}]
    assert published("company.suspended") == [by_somebody]
    assert published("company.resumed") == [by_somebody]
    due_at = due.isoformat().replace("+00:00", "Z")
    assert published("company.deletion_requested") == [{**by_somebody, "due_at": due_at}] * 2
    assert published("company.deletion_withdrawn") == [by_somebody]
    assert published("company.closed") == [{**of_company, "decided_by": None}]
    assert published.sequence(company.id) == list(range(1, 10))
