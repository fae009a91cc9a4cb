"""Row-level security is the wall: with every filter by company, shop and user taken out of the queries, it stands.

The filters are for speed and clarity. Here they are cut out of the SQL on its way to PostgreSQL, so that what is left
between two companies is what PostgreSQL does by itself.
"""

import re

import pytest
from sqlalchemy import event

from kit import db
from kit.config import settings
from kit.db import roles
from tests.connections import reconnect
from tests.house.test_policy_by_place import LISTED, QUERIES, filled

FILTER = re.compile(
    r"(?:\w+\.)?(?:company_id|shop_id|customer_id|user_id|caller_id|made_by|invited_by)"
    r"\s*(?:=|IN)\s*\(?%\(\w+\)s(?:::\w+)?\)?",
    re.IGNORECASE,
)


def without_filters(statement: str) -> str:
    """The statement with its conditions on company, shop and user true of every row."""
    before, where, conditions = statement.partition("WHERE")
    return before + where + FILTER.sub("true", conditions)


@pytest.fixture
def unfiltered(world, monkeypatch):
    """No query asks for one company's, shop's or user's rows any more."""

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
def without_the_wall(monkeypatch, world):
    """The same, as a role that row-level security does not bind, and that would be refused for it."""
    monkeypatch.setattr(roles, "require_group", lambda engine, **_: engine)
    monkeypatch.setenv("ORDERX_DATABASE_URL", settings().require("owner_database_url"))
    reconnect()
    yield
    monkeypatch.undo()
    reconnect()


def read(world, role, at):
    """Every GET endpoint's answer to this role about this place: {endpoint: text}."""
    place = world.places[at]
    answers = {}
    for rule in world.app.url_map.iter_rules():
        if "GET" in rule.methods and rule.arguments <= place.keys():
            query = filled(QUERIES.get(rule.endpoint), place)
            answer = world.callers[role].get(rule.build({n: place[n] for n in rule.arguments})[1], query_string=query)
            answers[rule.endpoint] = answer
    return answers


def shown(answers, place):
    """The endpoints whose answers hold anything of the place."""
    ids = {str(each) for each in place.values()}
    return {
        name for name, answer in answers.items() if answer.status_code == 200 and any(i in answer.text for i in ids)
    }


class TestWall:
    @pytest.mark.parametrize("role", ["company_admin", "shop_manager", "staff"])
    def test_shows_members_nothing_of_another_company_without_any_filter(self, world, unfiltered, role):
        theirs = world.places["other company"]
        for at in world.places:
            assert shown(read(world, role, at), theirs) == set(), at

    def test_shows_customers_the_orders_of_nobody_else_without_any_filter(self, world, unfiltered):
        seen = read(world, "customer", "own shop") | read(world, "customer", "other company")
        orders = {str(place["order_id"]) for at, place in world.places.items() if at != "own shop"}
        assert not any(order in answer.text for answer in seen.values() for order in orders)

    def test_is_tried_by_queries_that_have_lost_their_filters(self, world, unfiltered):
        seen = read(world, "staff", "own shop")
        assert str(world.places["other shop"]["order_id"]) in seen["orders.list_orders"].text

    def test_is_all_there_is_between_companies_then(self, world, without_the_wall, unfiltered):
        seen = shown(read(world, "company_admin", "own shop"), world.places["other company"])
        assert seen >= LISTED.keys() - {"companies.list_companies"}
