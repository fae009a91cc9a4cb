"""Nobody can grant or revoke permissions that they do not have."""

from typing import get_args

import pytest

from domain.access import memberships, queries
from domain.access.errors import InsufficientPrivileges
from domain.access.permissions import (
    API_KEY_PERMISSIONS,
    COMPANY_CREATOR,
    ROLES,
    Permission,
    PermissionSet,
    permissions_of,
)
from kit import db
from kit.ids import new_id
from tests import factories
from tests.factories import acting_for

GIVES = """
giver          super_admin  company_admin  shop_manager  staff  customer
super_admin    yes          yes            yes           yes    yes
company_admin  -            yes            yes           yes    yes
shop_manager   -            -              yes           yes    yes
staff          -            -              -             yes    yes
customer       -            -              -             -      yes
"""
HEAD, *ROWS = [line.split() for line in GIVES.strip().splitlines()]
HERE, THERE = new_id(), new_id()


def covers(powers, others):
    try:
        powers.require_superset_of(others)
    except InsufficientPrivileges:
        return False
    return True


class TestRequireSupersetOf:
    def test_covers_every_role(self):
        assert [row[0] for row in ROWS] == HEAD[1:] == list(ROLES)

    @pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
    def test_compares_the_permissions_of_roles(self, row):
        giver, *said = row
        given = ["yes" if covers(permissions_of(giver), permissions_of(role)) else "-" for role in HEAD[1:]]
        assert given == said

    @pytest.mark.parametrize(
        ("held_in", "given_in", "is_theirs"),
        [(None, None, True), (None, HERE, True), (HERE, HERE, True), (HERE, THERE, False), (HERE, None, False)],
    )
    def test_compares_the_scope(self, held_in, given_in, is_theirs):
        assert covers(permissions_of("shop_manager", held_in), permissions_of("staff", given_in)) is is_theirs

    def test_compares_each_permission(self):
        without = PermissionSet(COMPANY_CREATOR.permissions - {"write_stock"})
        assert not covers(without, permissions_of("staff"))
        assert covers(without, permissions_of("customer"))


class TestDiscounts:
    def test_can_be_given_by_members_but_not_by_customers_or_api_keys(self):
        givers = {role for role, held in ROLES.items() if "apply_discounts" in held}
        assert givers == {"super_admin", "company_admin", "shop_manager", "staff"}
        assert "apply_discounts" not in API_KEY_PERMISSIONS


PERSONS_ALONE = {
    "manage_own_account", "create_companies", "close_companies", "suspend_companies", "place_orders", "apply_discounts",
    "write_members", "write_api_keys", "access_all_companies",
}  # fmt: skip


class TestApiKeyPermissions:
    def test_leave_out_permissions_for_persons(self):
        assert set(get_args(Permission)) >= API_KEY_PERMISSIONS
        assert not API_KEY_PERMISSIONS & PERSONS_ALONE


class TestMembers:
    @pytest.fixture
    def company(self, database):
        return factories.make_company()

    def test_cannot_be_added_by_users_with_fewer_permissions(self, company):
        user, manager = factories.make_user(), permissions_of("shop_manager")
        with db.transaction(acting_for(company)):
            with pytest.raises(InsufficientPrivileges):
                memberships.join(user_id=user.id, company_id=company.id, role="company_admin", actor=manager)
            assert queries.members(company_id=company.id, limit=1).data == []

    def test_cannot_be_removed_by_users_with_fewer_permissions(self, company):
        for _ in range(2):
            factories.make_member(company)
        with db.transaction(acting_for(company)):
            admin = queries.members(company_id=company.id, limit=1).data[0].Membership
            with pytest.raises(InsufficientPrivileges):
                memberships.remove(membership_id=admin.id, company_id=company.id, actor=permissions_of("shop_manager"))
