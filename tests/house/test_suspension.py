"""Every endpoint that writes, called by an admin of a suspended company: what is not excepted waits."""

import pytest

from api.access import GOES_ON, WHO_MAY
from domain.companies import standing
from kit import clock, db
from kit.ids import new_id
from tests.api.documented import operations, refusals
from tests.factories import acting_for
from tests.house.test_policy_by_place import BODIES, MAKES_NEW, SAID, World

NEW = {
    "shops.open_shop": {"name": "Another"},
    "warehouses.create_warehouse": {"name": "Another"},
    "companies.found_company": {"name": "Another", "email": "another@paper.example", "currency": "EUR"},
}


@pytest.fixture
def suspended(database, monkeypatch):
    """The world of the walk through all places, with its first company suspended."""
    for endpoint, body in NEW.items():
        monkeypatch.setitem(BODIES, endpoint, body)
    world = World(database)
    with db.transaction(acting_for(world.company)):
        standing.suspend(company_id=world.company.id, reason="unpaid", by=new_id(), now=clock.now())
    return world


def writes(world):
    rules = {rule.endpoint: rule for rule in world.app.url_map.iter_rules()}
    return {endpoint for endpoint in SAID.keys() | MAKES_NEW if "GET" not in rules[endpoint].methods}


def refused(world, role, endpoint):
    answer = world.ask(role, endpoint, world.places["own shop"])
    return answer.status_code == 403 and answer.json["code"] == "company_suspended"


class TestSuspendedCompany:
    def test_is_written_to_by_none_of_its_own_but_where_the_table_says_so(self, suspended):
        expected = {endpoint for endpoint in writes(suspended) if WHO_MAY[endpoint] not in GOES_ON}
        assert "shops.open_shop" in expected
        found = {endpoint for endpoint in writes(suspended) if refused(suspended, "company_admin", endpoint)}
        assert found == expected
        documented = {name for name in operations() if "company_suspended" in refusals(name)}
        assert documented == {endpoint.partition(".")[2] for endpoint in found} | {"accept_invitation"}

    @pytest.mark.parametrize("role", ["company_admin", "staff", "customer"])
    def test_is_read_by_all_who_could(self, suspended, role):
        reads = SAID.keys() - writes(suspended)
        assert {endpoint for endpoint in reads if refused(suspended, role, endpoint)} == set()

    def test_is_ordered_from_by_nobody(self, suspended):
        assert all(refused(suspended, role, "orders.place_order") for role in suspended.callers)
