"""Who may call the endpoints of `api.companies`, and what the tests send to them."""

from domain.companies import history
from kit import db
from kit.tenancy import Tenant

POLICY = """
endpoint                       super_admin  company_admin  shop_manager  staff    customer  suspended
companies.create_company       yes          yes            yes           yes      yes       yes
companies.list_companies       company      company        company       company  nobody    yes
companies.get_company          company      company        company       company  nobody    yes
companies.update_company       company      company        -             -        -         -
lifecycle.get_subscription     company      company        company       company  nobody    yes
lifecycle.change_plan          company      company        -             -        -         -
lifecycle.suspend_company      company      -              -             -        -         yes
lifecycle.resume_company       company      -              -             -        -         yes
lifecycle.delete_company       company      company        -             -        -         yes
lifecycle.restore_company      company      company        -             -        -         yes
lifecycle.list_company_events  company      company        -             -        -         yes
"""

PUBLIC = """
plans.list_plans
"""

BODIES = {
    "companies.update_company": {"name": "Paper & Daughters"},
    "lifecycle.change_plan": {"plan": "pro"},
    "lifecycle.suspend_company": {"reason": "unpaid"},
    "lifecycle.resume_company": {"reason": "paid"},
    "companies.create_company": {"name": "Another", "email": "another@paper.example", "currency": "EUR"},
}

LISTED = {"companies.list_companies": "company_id", "lifecycle.list_company_events": "event_id"}


def rows(at):
    with db.transaction(Tenant(company_id=at.company.id)):
        return {"event": history.decisions(company_id=at.company.id, limit=1).data[0]}
