"""Every endpoint is called in every role, and the result compared with its area's policy (tests/api/policies.py)."""

import pytest

from domain.companies import lifecycle
from kit import clock, db
from kit.ids import new_id
from tests.api.client import Api
from tests.api.openapi_checks import operations, refusals
from tests.api.policies import BODIES, BY_AREA, LAST, PLACES, POLICY, PUBLIC, PUBLIC_BY_AREA, ROLES, SCOPED, may_call
from tests.api.shared_app import shared_app
from tests.api.world import World, called, comparable, method_of, succeeded
from tests.factories import acting_for

SUSPENDED = "company_suspended"
CREATES = {endpoint for endpoint in BODIES.keys() & POLICY.keys() if endpoint not in SCOPED}
OF_LIBRARIES = {"api-docs": "http"}
"""Blueprints that are not ours: the package of `api` that registers them."""


@pytest.fixture
def app(database):
    return shared_app()


@pytest.fixture
def world(database):
    return World(database)


def area_of(app, endpoint):
    blueprint = endpoint.partition(".")[0]
    return OF_LIBRARIES.get(blueprint) or app.view_functions[endpoint].__module__.split(".")[1]


class TestPolicies:
    def test_have_every_endpoint_once_and_in_its_area(self, app):
        named = [(area, name) for table in (BY_AREA, PUBLIC_BY_AREA) for area in table for name in table[area]]
        endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
        assert sorted(named) == sorted((area_of(app, endpoint), endpoint) for endpoint in endpoints)

    def test_use_the_words_that_are_explained(self):
        assert {cells[role] for cells in POLICY.values() for role in ROLES} == PLACES.keys() | {"yes"}
        assert {cells["suspended"] for cells in POLICY.values()} == {"yes", "-"}


class TestPermissions:
    def test_are_required_as_the_policies_say(self, app, world):
        refused = {
            (endpoint, role)
            for endpoint in sorted(POLICY, key=lambda endpoint: endpoint == "sessions.end_all_sessions")
            for role in ROLES
            if called(world.callers[role], world.rules[endpoint]) == (403, "forbidden")
        }
        assert refused == {(each, role) for each in POLICY for role in ROLES if not may_call(each, role)}

    def test_require_a_token_except_at_public_endpoints(self, app):
        rules = {rule.endpoint: rule for rule in app.url_map.iter_rules() if "<" not in rule.rule}
        asked = {name for name, rule in rules.items() if called(Api(app), rule) == (401, "unauthenticated")}
        assert asked == rules.keys() - PUBLIC


class TestScopes:
    @pytest.mark.parametrize("role", ROLES)
    def test_reach_no_further_and_answer_for_foreign_rows_as_for_missing_ones(self, world, role):
        nothing = dict.fromkeys(world.places["own shop"], new_id())
        reached, told_apart = {}, []
        for endpoint in sorted(SCOPED, key=lambda endpoint: (endpoint in LAST, list(POLICY).index(endpoint))):
            answers = {at: world.ask(role, endpoint, place) for at, place in world.places.items()}
            reached[endpoint] = {
                at for at, answer in answers.items() if succeeded(endpoint, answer, world.places[at])
            }  # fmt: skip
            foreign = [answer for at, answer in answers.items() if at not in PLACES[POLICY[endpoint][role]]]
            refused = [comparable(answer) for answer in foreign if answer.status_code != 200]  # lists: see above
            if refused and {f"{each}" for each in refused} != {f"{comparable(world.ask(role, endpoint, nothing))}"}:
                told_apart.append(endpoint)
        assert reached == {endpoint: PLACES[POLICY[endpoint][role]] for endpoint in SCOPED}
        assert told_apart == []


class TestSuspendedCompany:
    @pytest.fixture
    def suspended(self, world):
        with db.transaction(acting_for(world.company)):
            lifecycle.suspend(company_id=world.company.id, reason="unpaid", by=new_id(), now=clock.now())
        return world

    def test_can_be_read_and_not_written_except_where_the_policies_allow_it(self, suspended):
        answers = {
            (endpoint, role): suspended.ask(role, endpoint, suspended.places["own shop"])
            for endpoint in SCOPED | CREATES
            for role in ("company_admin", "staff", "customer")
            if may_call(endpoint, role) and (role == "company_admin" or not is_write(suspended, endpoint))
        }
        refused = {each for each, answer in answers.items() if answer.json and answer.json.get("code") == SUSPENDED}
        assert refused == {(name, "company_admin") for name, cells in POLICY.items() if cells["suspended"] == "-"}

    def test_is_documented_where_it_is_refused(self):
        refused = {name.partition(".")[2] for name, cells in POLICY.items() if cells["suspended"] == "-"}
        documented = {name for name in operations() if "company_suspended" in refusals(name)}
        assert documented == refused | {"accept_invitation"}

    def test_takes_no_orders(self, suspended):
        place = suspended.places["own shop"]
        codes = {role: suspended.ask(role, "orders.place_order", place).json["code"] for role in ROLES}
        assert codes == dict.fromkeys(ROLES, SUSPENDED)


def is_write(world, endpoint):
    return method_of(world.rules[endpoint]) != "GET"
