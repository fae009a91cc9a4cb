"""Nobody gives, or takes away, what they do not hold themselves."""

from typing import get_args

import pytest

from domain.identity import memberships, queries
from domain.identity.errors import NotYoursToGive
from domain.identity.permissions import FOR_MACHINES, FOUNDER, ROLES, Permission, Powers, powers_of
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
        powers.refuse_beyond(others)
    except NotYoursToGive:
        return False
    return True


class TestRefuseBeyond:
    def test_is_told_of_every_role(self):
        assert [row[0] for row in ROWS] == HEAD[1:] == list(ROLES)

    @pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
    def test_goes_by_what_roles_are_made_of(self, row):
        giver, *said = row
        given = ["yes" if covers(powers_of(giver), powers_of(role)) else "-" for role in HEAD[1:]]
        assert given == said

    @pytest.mark.parametrize(
        ("held_in", "given_in", "is_theirs"),
        [(None, None, True), (None, HERE, True), (HERE, HERE, True), (HERE, THERE, False), (HERE, None, False)],
    )
    def test_keeps_to_where_it_is_held(self, held_in, given_in, is_theirs):
        assert covers(powers_of("shop_manager", held_in), powers_of("staff", given_in)) is is_theirs

    def test_counts_each_permission(self):
        without = Powers(FOUNDER.permissions - {"write_stock"})
        assert not covers(without, powers_of("staff"))
        assert covers(without, powers_of("customer"))


class TestDiscounts:
    def test_are_given_by_members_and_neither_by_customers_nor_by_machines(self):
        givers = {role for role, held in ROLES.items() if "give_discount" in held}
        assert givers == {"super_admin", "company_admin", "shop_manager", "staff"}
        assert "give_discount" not in FOR_MACHINES


PERSONS_ALONE = {
    "be_oneself", "found_companies", "close_companies", "suspend_companies", "place_orders", "give_discount",
    "write_members", "write_keys", "see_all_companies",
}  # fmt: skip


class TestForMachines:
    def test_is_a_list_of_permissions_without_those_for_persons_alone(self):
        assert set(get_args(Permission)) >= FOR_MACHINES
        assert not FOR_MACHINES & PERSONS_ALONE


class TestMembers:
    @pytest.fixture
    def company(self, database):
        return factories.make_company()

    def test_are_not_made_by_who_holds_less(self, company):
        user, manager = factories.make_user(), powers_of("shop_manager")
        with db.transaction(acting_for(company)):
            with pytest.raises(NotYoursToGive):
                memberships.join(user_id=user.id, company_id=company.id, role="company_admin", by=manager)
            assert queries.members(company_id=company.id, limit=1) == []

    def test_are_not_removed_by_who_holds_less(self, company):
        for _ in range(2):
            factories.make_member(company)
        with db.transaction(acting_for(company)):
            admin = queries.members(company_id=company.id, limit=1)[0].Membership
            with pytest.raises(NotYoursToGive):
                memberships.remove(membership_id=admin.id, company_id=company.id, by=powers_of("shop_manager"))
