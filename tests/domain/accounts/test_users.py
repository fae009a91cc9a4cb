"""Users and who sees them."""

import pytest

from domain.accounts import queries
from domain.accounts.errors import EmailTaken, UserNotFound
from kit import db
from kit.tenancy import Tenant
from tests import factories


class TestRegister:
    def test_refuses_an_address_twice(self, database):
        user = factories.make_user()
        with pytest.raises(EmailTaken):
            factories.make_user(email=user.email)


class TestTheUser:
    def test_is_visible_only_to_the_user_and_colleagues(self, database):
        company = factories.make_company()
        user = factories.make_member(company)
        for viewer in (Tenant(user_id=user.id), Tenant(company_id=company.id)):
            with db.transaction(viewer):
                assert queries.the_user(user_id=user.id).email == user.email
        for stranger in (Tenant(), Tenant(company_id=factories.make_company().id)):
            with db.transaction(stranger), pytest.raises(UserNotFound):
                queries.the_user(user_id=user.id)
