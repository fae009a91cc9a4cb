"""Row-level security isolates tenants by itself, without the queries' filters by company, shop and user.

The tests remove these filters from the SQL before it reaches PostgreSQL.
"""

import re

import pytest
from sqlalchemy import event

from kit import db
from kit.config import settings
from kit.db import roles
from tests.api.policies import LISTED, QUERIES
from tests.api.world import filled
from tests.connections import reconnect

FILTER = re.compile(
    r"(?:\w+\.)?(?:company_id|shop_id|customer_id|user_id|caller_id|created_by|invited_by)"
    r"\s*(?:=|IN)\s*\(?%\(\w+\)s(?:::\w+)?\)?",
    re.IGNORECASE,
)


def without_filters(statement: str) -> str:
    """The statement with its conditions on company, shop and user replaced by `true`."""
    before, where, conditions = statement.partition("WHERE")
    return before + where + FILTER.sub("true", conditions)


@pytest.fixture
def unfiltered(world, monkeypatch):
    """Remove the filters by company, shop and user from all queries."""

    def strip(_connection, _cursor, statement, parameters, _context, _many):
        return without_filters(statement), parameters

    run = db.UnitOfWork.run
    monkeypatch.setattr(
        db.UnitOfWork, "run", lambda unit, statement, values: run(unit, without_filters(statement), values)
    )
    engine = db.app_engine()
    event.listen(engine, "before_cursor_execute", strip, retval=True)
    yield
    event.remove(engine, "before_cursor_execute", strip)


@pytest.fixture
def without_row_level_security(monkeypatch, world):
    """Connect as a role that bypasses row-level security, and disable the check that refuses such a role."""
    monkeypatch.setattr(roles, "require_group", lambda engine, **_: engine)
    monkeypatch.setenv("ORDERX_DATABASE_URL", settings().require("owner_database_url"))
    reconnect()
    yield
    monkeypatch.undo()
    reconnect()


def read(world, role, at):
    """The answers of all GET endpoints to this role for this place: {endpoint: answer}."""
    place = world.places[at]
    answers = {}
    for rule in world.app.url_map.iter_rules():
        if "GET" in rule.methods and rule.arguments <= place.keys():
            query = filled(QUERIES.get(rule.endpoint), place)
            answer = world.callers[role].get(rule.build({n: place[n] for n in rule.arguments})[1], query_string=query)
            answers[rule.endpoint] = answer
    return answers


def shown(answers, place):
    """The endpoints whose answers contain an id of the place."""
    ids = {str(each) for each in place.values()}
    return {
        name for name, answer in answers.items() if answer.status_code == 200 and any(i in answer.text for i in ids)
    }


class TestTenantIsolation:
    @pytest.mark.parametrize("role", ["company_admin", "shop_manager", "staff"])
    def test_hides_other_companies_from_members(self, world, unfiltered, role):
        theirs = world.places["other company"]
        for at in world.places:
            assert shown(read(world, role, at), theirs) == set(), at

    def test_hides_other_customers_orders_from_customers(self, world, unfiltered):
        seen = read(world, "customer", "own shop") | read(world, "customer", "other company")
        orders = {str(place["order_id"]) for at, place in world.places.items() if at != "own shop"}
        assert not any(order in answer.text for answer in seen.values() for order in orders)

    def test_is_tested_with_queries_without_filters(self, world, unfiltered):
        seen = read(world, "staff", "own shop")
        assert str(world.places["other shop"]["order_id"]) in seen["orders.list_orders"].text

    @pytest.mark.slow
    def test_is_needed_by_every_list(self, world, without_row_level_security, unfiltered):
        seen = shown(read(world, "company_admin", "own shop"), world.places["other company"])
        assert seen >= LISTED.keys() - {"companies.list_companies"}
