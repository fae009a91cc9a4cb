"""Companies, as their members see them."""

import pytest

from domain.companies import company_settings, queries
from domain.companies.errors import CompanyNotFound
from kit import db
from kit.tenancy import Tenant
from tests import factories
from tests.factories import acting_for


class TestTheCompany:
    def test_is_visible_to_its_members_and_when_acting_for_it(self, database):
        company = factories.make_company()
        user = factories.make_member(company, "staff")
        for viewer in (acting_for(company), Tenant(user_id=user.id)):
            with db.transaction(viewer):
                assert queries.the_company(company_id=company.id).name == company.name

    def test_is_hidden_from_all_others(self, database):
        company, other = factories.make_company(), factories.make_company()
        for stranger in (Tenant(), acting_for(other), Tenant(user_id=factories.make_user().id)):
            with db.transaction(stranger), pytest.raises(CompanyNotFound):
                queries.the_company(company_id=company.id)


class TestChange:
    def test_applies_only_to_the_current_company(self, database):
        ours, theirs = factories.make_company(), factories.make_company()
        user = factories.make_member(theirs)
        tenant = Tenant(company_id=ours.id, user_id=user.id)
        with db.transaction(tenant), pytest.raises(CompanyNotFound):
            company_settings.change(company_id=theirs.id, name="Mine")
