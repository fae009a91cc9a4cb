"""Nobody can grant or revoke permissions that they do not have."""

import pytest

from domain import areas
from domain.access import memberships, permission_sets, queries
from domain.access.errors import ExceedsOwnPermissions
from domain.access.permission_sets import (
    ROLES,
    PermissionSet,
    api_key_permissions,
    company_creator_permissions,
    permissions_of,
    roles_with,
)
from kit import db
from kit.ids import new_id
from kit.permissions import Permission
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
    except ExceedsOwnPermissions:
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
        without = PermissionSet(company_creator_permissions().permissions - {"write_stock"})
        assert not covers(without, permissions_of("staff"))
        assert covers(without, permissions_of("customer"))


class TestDiscounts:
    def test_can_be_given_by_members_but_not_by_customers_or_api_keys(self):
        assert roles_with("apply_discounts") == ["super_admin", "company_admin", "shop_manager", "staff"]
        assert "apply_discounts" not in api_key_permissions()


PERSONS_ALONE = {
    "manage_own_account", "create_companies", "close_companies", "suspend_companies", "place_orders", "apply_discounts",
    "write_members", "write_api_keys", "access_all_companies",
}  # fmt: skip


class TestApiKeyPermissions:
    def test_leave_out_permissions_for_persons(self):
        assert api_key_permissions() == areas.permissions().keys() - PERSONS_ALONE


class TestRegister:
    @pytest.fixture(autouse=True)
    def unregistered(self, monkeypatch):
        monkeypatch.setattr(permission_sets, "_DECLARED", {})
        monkeypatch.setattr(permission_sets, "_BY_ROLE", {})

    def test_gives_a_permission_to_its_lowest_role_and_all_higher_ones_and_to_no_api_key(self):
        permission_sets.register({"read_coupons": Permission("read_coupons", "Read coupons.", "shop_manager")})
        holders = [role for role in ROLES if "read_coupons" in permissions_of(role).permissions]
        assert holders == roles_with("read_coupons") == ["super_admin", "company_admin", "shop_manager"]
        assert api_key_permissions() == frozenset()

    def test_gives_keys_of_a_shop_at_most_what_a_shop_manager_has(self):
        high = Permission("write_coupons", "Change coupons.", "company_admin", api_keys=True)
        low = Permission("read_coupons", "Read coupons.", "staff", api_keys=True)
        permission_sets.register({each.name: each for each in (high, low)})
        assert api_key_permissions() == {"write_coupons", "read_coupons"}
        assert api_key_permissions(HERE) == {"read_coupons"}

    def test_refuses_a_role_that_does_not_exist(self):
        with pytest.raises(ValueError, match="read_coupons names a role that does not exist: cashier"):
            permission_sets.register({"read_coupons": Permission("read_coupons", "Read coupons.", "cashier")})

    def test_comes_before_any_use(self):
        for use in (permission_sets.declared, company_creator_permissions, api_key_permissions):
            with pytest.raises(LookupError, match=r"call domain\.areas\.register\(\)"):
                use()


class TestMembers:
    @pytest.fixture
    def company(self, database):
        return factories.make_company()

    def test_cannot_be_added_by_users_with_fewer_permissions(self, company):
        user, manager = factories.make_user(), permissions_of("shop_manager")
        with db.transaction(acting_for(company)):
            with pytest.raises(ExceedsOwnPermissions):
                memberships.join(user_id=user.id, company_id=company.id, role="company_admin", actor=manager)
            assert queries.members(company_id=company.id, limit=1).data == []

    def test_cannot_be_removed_by_users_with_fewer_permissions(self, company):
        for _ in range(2):
            factories.make_member(company)
        with db.transaction(acting_for(company)):
            admin = queries.members(company_id=company.id, limit=1).data[0].Membership
            with pytest.raises(ExceedsOwnPermissions):
                memberships.remove(membership_id=admin.id, company_id=company.id, actor=permissions_of("shop_manager"))
