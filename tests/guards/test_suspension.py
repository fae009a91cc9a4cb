"""Endpoints that write refuse a suspended company, unless they are listed as exceptions."""

import pytest

from api.auth.requirements import ALLOWED_WHILE_SUSPENDED, REQUIRED
from domain.companies import lifecycle
from kit import clock, db
from kit.ids import new_id
from tests.api.openapi_checks import operations, refusals
from tests.factories import acting_for
from tests.guards.test_policy_by_scope import BODIES, CREATES, EXPECTED, World

NEW = {
    "shops.create_shop": {"name": "Another"},
    "warehouses.create_warehouse": {"name": "Another"},
    "customers.create_customer": {"name": "Another"},
    "customer_groups.create_customer_group": {"name": "Another"},
    "companies.create_company": {"name": "Another", "email": "another@paper.example", "currency": "EUR"},
}


@pytest.fixture
def suspended(database, monkeypatch):
    """The test data of all scopes, with the first company suspended."""
    for endpoint, body in NEW.items():
        monkeypatch.setitem(BODIES, endpoint, body)
    world = World(database)
    with db.transaction(acting_for(world.company)):
        lifecycle.suspend(company_id=world.company.id, reason="unpaid", by=new_id(), now=clock.now())
    return world


def writes(world):
    rules = {rule.endpoint: rule for rule in world.app.url_map.iter_rules()}
    return {endpoint for endpoint in EXPECTED.keys() | CREATES if "GET" not in rules[endpoint].methods}


def refused(world, role, endpoint):
    answer = world.ask(role, endpoint, world.places["own shop"])
    return answer.status_code == 403 and answer.json["code"] == "company_suspended"


class TestSuspendedCompany:
    def test_cannot_write_except_where_the_table_allows_it(self, suspended):
        expected = {endpoint for endpoint in writes(suspended) if REQUIRED[endpoint] not in ALLOWED_WHILE_SUSPENDED}
        assert "shops.create_shop" in expected
        found = {endpoint for endpoint in writes(suspended) if refused(suspended, "company_admin", endpoint)}
        assert found == expected
        documented = {name for name in operations() if "company_suspended" in refusals(name)}
        assert documented == {endpoint.partition(".")[2] for endpoint in found} | {"accept_invitation"}

    @pytest.mark.parametrize("role", ["company_admin", "staff", "customer"])
    def test_can_still_be_read(self, suspended, role):
        reads = EXPECTED.keys() - writes(suspended)
        assert {endpoint for endpoint in reads if refused(suspended, role, endpoint)} == set()

    def test_takes_no_orders(self, suspended):
        assert all(refused(suspended, role, "orders.place_order") for role in suspended.callers)
