"""The members of a company and their roles."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from domain.access import memberships, queries
from domain.access.errors import LastAdmin, NotAMember
from domain.access.permission_sets import company_creator_permissions
from kit import db
from kit.tenancy import Tenant
from tests import factories
from tests.factories import acting_for


class TestRemoveMember:
    def test_leaves_one_admin_when_two_remove_each_other(self, database):
        company = factories.make_company()
        for _ in range(2):
            factories.make_member(company)
        with db.transaction(acting_for(company)):
            admins = [row.Membership.id for row in queries.members(company_id=company.id, limit=2).data]

        def remove(membership_id) -> bool:
            try:
                with db.transaction(acting_for(company)):
                    memberships.remove(
                        membership_id=membership_id, company_id=company.id, actor=company_creator_permissions()
                    )
            except LastAdmin:
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            assert sum(pool.map(remove, admins)) == 1


class TestMembership:
    def test_has_the_highest_role_in_the_company(self, database):
        company = factories.make_company()
        user = factories.make_member(company, "staff")
        factories.join(user, company, "shop_manager")
        factories.join(user, factories.make_company(), "company_admin")
        with db.transaction(Tenant(user_id=user.id)):
            assert queries.membership_in(user_id=user.id, company_id=company.id).role == "shop_manager"

    def test_prefers_the_whole_company_to_one_shop(self, database):
        company = factories.make_company()
        user = factories.make_member(company, "staff", shop=factories.make_shop(company))
        factories.join(user, company, "staff")
        with db.transaction(Tenant(user_id=user.id)):
            assert queries.membership_in(user_id=user.id, company_id=company.id).shop_id is None

    def test_raises_without_a_membership(self, database):
        user = factories.make_member(factories.make_company())
        other = factories.make_company()
        with db.transaction(Tenant(user_id=user.id)), pytest.raises(NotAMember):
            queries.membership_in(user_id=user.id, company_id=other.id)


class TestDefaultCompany:
    def default(self, user):
        with db.transaction(Tenant(user_id=user.id)):
            return queries.default_company(user_id=user.id)

    def test_is_none_for_a_customer(self, database):
        assert self.default(factories.make_user()) is None

    def test_is_the_one_joined_last_until_another_is_chosen(self, database):
        first, second = factories.make_company(), factories.make_company()
        user = factories.make_member(first, "staff")
        factories.join(user, second, "staff")
        assert self.default(user) == second.id
        with db.transaction(Tenant(user_id=user.id)):
            memberships.set_default_company(user_id=user.id, company_id=first.id)
        assert self.default(user) == first.id

    def test_is_none_while_the_user_has_no_role_there(self, database):
        company = factories.make_company()
        user = factories.make_user()
        with db.transaction(Tenant(user_id=user.id)):
            memberships.set_default_company(user_id=user.id, company_id=company.id)
        assert self.default(user) is None
