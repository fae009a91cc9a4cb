"""Actions on incidents over HTTP: by members for their company, by super admins for all companies."""

from types import SimpleNamespace

import psycopg
import pytest

from domain.inventory import reservations as inventory
from domain.sales import order_status
from kit import config
from kit.errors import Conflict
from kit.ids import new_id
from tests import factories
from tests.api.client import paths
from tests.saga.order_scenario import OrderScenario

INCIDENTS = "/api/operations/incidents"
ACTIONS = [("retry", {}), ("skip", {}), ("compensate", {}), ("resolve", {"as": "done"})]
each_action = pytest.mark.parametrize(("action", "more"), ACTIONS, ids=[action for action, _ in ACTIONS])


class Merchant:
    """A company with two orders that are stuck in commit_stock, and its admin."""

    def __init__(self, database, api, monkeypatch):
        def refuse(**_):
            raise Conflict("the shelf is empty")

        self.scenario = OrderScenario(database, price=0)
        with monkeypatch.context() as spoilt:
            spoilt.setattr(inventory, "commit", refuse)
            self.orders = [self.scenario.place(), self.scenario.place()]
            self.scenario.deliveries.deliver_all()
        self.user = factories.make_user()
        self.company = SimpleNamespace(id=self.scenario.shop.company_id)
        factories.join(self.user, self.company)
        self.admin = api.acting_as(self.user, self.company)

    @property
    def states(self):
        return [self.scenario.saga(order).state for order in self.orders]

    def settle(self, action, **body):
        return self.admin.post(f"{INCIDENTS}/{action}", {"reason": "the shelf is counted", **body})


@pytest.fixture
def ours(database, api, monkeypatch):
    return Merchant(database, api, monkeypatch)


@pytest.fixture
def theirs(database, api, monkeypatch):
    return Merchant(database, api, monkeypatch)


@pytest.fixture
def super_admin(database, api, ours):
    """Logged in for our company."""
    user = factories.make_user()
    with psycopg.connect(database) as connection:
        row = [new_id(), user.id]
        connection.execute("INSERT INTO memberships (id, user_id, role) VALUES (%s, %s, 'super_admin')", row)
    return api.acting_as(user, ours.company)


class TestList:
    def test_shows_the_failed_steps_oldest_first(self, ours):
        first, second = ours.admin.get(INCIDENTS).json["data"]
        assert [first["subject_id"], second["subject_id"]] == [str(order) for order in ours.orders]
        assert (first["saga"], first["step"], first["phase"], first["attempts"]) == (
            "place_order", "commit_stock", "running", 1,
        )  # fmt: skip
        assert first["error"] == {"code": "conflict", "detail": "the shelf is empty"}
        assert (first["resolved_at"], first["resolution"]) == (None, None)

    def test_is_paged(self, ours):
        page = ours.admin.get(f"{INCIDENTS}?limit=1").json
        rest = ours.admin.get(f"{INCIDENTS}?limit=1&after={page['next']}").json
        assert [row["subject_id"] for row in page["data"] + rest["data"]] == [str(order) for order in ours.orders]
        assert rest["next"] is None

    @pytest.mark.parametrize(
        ("query", "found"),
        [("error=conflict", 2), ("error=no", 0), ("step=commit_stock&saga=place_order", 2), ("saga=cancel_order", 0)],
    )
    def test_can_be_filtered(self, ours, query, found):
        assert len(ours.admin.get(f"{INCIDENTS}?{query}").json["data"]) == found

    def test_refuses_unknown_parameters(self, ours):
        answer = ours.admin.get(f"{INCIDENTS}?state=closed&colour=red")
        assert (answer.status_code, paths(answer)) == (422, {"state", "colour"})

    def test_of_handled_incidents_shows_operator_action_and_reason(self, ours):
        ours.settle("retry", ids=[str(ours.orders[0])])
        [settled] = ours.admin.get(f"{INCIDENTS}?state=resolved").json["data"]
        assert settled["resolution"] == {"action": "retry", "reason": "the shelf is counted", "by": str(ours.user.id)}


class TestActions:
    @pytest.mark.parametrize(
        ("action", "more", "state"),
        [("retry", {}, "running"), ("skip", {}, "finishing"), ("resolve", {"as": "done"}, "finishing"),
         ("resolve", {"as": "undone"}, "undone")],
    )  # fmt: skip
    def test_return_the_result_of_each(self, ours, action, more, state):
        answer = ours.settle(action, filter={"step": "commit_stock"}, **more)
        assert answer.status_code == 200
        assert [(row["subject_id"], row["result"], row["state"]) for row in answer.json["data"]] == [
            (str(order), "succeeded", state) for order in ours.orders
        ]
        assert ours.states == [state, state]

    def test_succeed_or_fail_one_by_one(self, ours):
        unknown = str(new_id())
        answer = ours.settle("retry", ids=[unknown, *map(str, ours.orders)])
        assert answer.status_code == 200
        assert [row["result"] for row in answer.json["data"]] == ["failed", "succeeded", "succeeded"]
        assert answer.json["data"][0]["error"]["code"] == "not_found"
        again = ours.settle("retry", ids=[str(ours.orders[0])]).json["data"][0]
        assert (again["id"], again["error"]["code"]) == (str(ours.orders[0]), "not_stuck")

    def test_name_the_obstacle(self, ours):
        row = ours.settle("compensate", filter={"all": True}).json["data"][0]
        assert row["error"]["code"] == "cannot_compensate"
        assert "cannot be undone: the payment is captured" in row["error"]["detail"]

    def test_continue_after_an_error(self, ours, monkeypatch):
        monkeypatch.setattr(order_status, "mark_paid", lambda **_: 1 / 0)
        answer = ours.settle("skip", filter={"all": True})
        assert [row["error"]["code"] for row in answer.json["data"]] == ["ZeroDivisionError"] * 2
        assert ours.states == ["stuck", "stuck"]

    def test_are_limited_to_the_oldest(self, ours):
        answer = ours.settle("retry", filter={"all": True}, limit=1)
        assert (len(answer.json["data"]), answer.json["remaining"]) == (1, 1)
        assert ours.states == ["running", "stuck"]

    @each_action
    def test_change_nothing_in_a_dry_run(self, ours, action, more):
        answer = ours.settle(action, filter={"all": True}, dry_run=True, **more)
        assert (answer.json["dry_run"], len(answer.json["data"])) == (True, 2)
        assert ours.states == ["stuck", "stuck"]
        assert len(ours.admin.get(INCIDENTS).json["data"]) == 2


class TestBadInput:
    @pytest.mark.parametrize(
        ("body", "wrong"),
        [
            ({}, "reason"),
            ({"reason": "x"}, "ids"),
            ({"ids": [], "reason": "x"}, "ids"),
            ({"ids": ["x"], "reason": "x"}, "ids.0"),
            ({"ids": ["{id}"], "filter": {"step": "x"}, "reason": "x"}, "ids"),
            ({"filter": {}, "reason": "x"}, "filter"),
            ({"filter": {"all": False}, "reason": "x"}, "filter"),
            ({"filter": {"colour": "red"}, "reason": "x"}, "filter.colour"),
            ({"ids": ["{id}"], "reason": " "}, "reason"),
            ({"ids": ["{id}"], "reason": "x", "limit": 0}, "limit"),
            ({"ids": ["{id}"], "reason": "x", "limit": 1.5}, "limit"),
            ({"ids": ["{id}"], "reason": "x", "limit": "٣"}, "limit"),
            ({"ids": ["{id}"], "reason": "x", "dry_run": "yes"}, "dry_run"),
        ],
    )
    def test_is_refused_without_effect(self, ours, body, wrong):
        named = {**body, "ids": [each.format(id=ours.orders[0]) for each in body["ids"]]} if "ids" in body else body
        answer = ours.admin.post(f"{INCIDENTS}/retry", named)
        assert (answer.status_code, answer.json["code"]) == (422, "invalid")
        assert wrong in paths(answer)
        assert ours.states == ["stuck", "stuck"]

    def test_of_an_unknown_final_state_is_refused(self, ours):
        for more in ({}, {"as": "well"}):
            assert paths(ours.settle("resolve", ids=[str(ours.orders[0])], **more)) == {"as"}


class TestAnotherCompany:
    def test_is_in_no_list(self, ours, theirs):
        for query in ("", f"?company_id={theirs.company.id}"):
            found = {row["company_id"] for row in ours.admin.get(f"{INCIDENTS}{query}").json["data"]}
            assert found <= {str(ours.company.id)}

    @each_action
    def test_cannot_be_selected_by_id(self, ours, theirs, action, more):
        [incident] = theirs.scenario.incidents(theirs.orders[0])
        for foreign in (incident.id, incident.saga_id, theirs.orders[0]):
            [row] = ours.settle(action, ids=[str(foreign)], **more).json["data"]
            assert (row["error"]["code"], row["saga_id"]) == ("not_found", None)
        assert theirs.states == ["stuck", "stuck"]

    def test_is_not_selected_by_a_filter(self, ours, theirs):
        assert ours.settle("retry", filter={"company_id": str(theirs.company.id)}).json["data"] == []
        assert len(ours.settle("retry", filter={"all": True}).json["data"]) == 2
        assert theirs.states == ["stuck", "stuck"]


class TestRoles:
    @pytest.mark.parametrize("role", ["shop_manager", "staff", None])
    def test_below_admin_see_and_handle_nothing(self, api, ours, role):
        user = factories.make_user()
        if role:
            factories.join(user, ours.company, role, shop=ours.scenario.shop)
        somebody = api.acting_as(user, ours.company if role else None)
        body = {"filter": {"all": True}, "reason": "x"}
        answers = [somebody.get(INCIDENTS), *(somebody.post(f"{INCIDENTS}/{each}", body) for each, _ in ACTIONS)]
        assert [answer.status_code for answer in answers] == [403] * 5
        assert ours.states == ["stuck", "stuck"]

    def test_of_an_admin_are_limited_to_the_company(self, ours, theirs):
        assert ours.admin.get(f"{INCIDENTS}?all_companies=true").status_code == 403
        assert ours.settle("retry", filter={"all": True}, all_companies=True).status_code == 403
        assert ours.states + theirs.states == ["stuck"] * 4


class TestSuperAdmin:
    def test_handles_the_company_in_the_token(self, super_admin, ours, theirs):
        assert len(super_admin.get(INCIDENTS).json["data"]) == 2
        super_admin.post(f"{INCIDENTS}/retry", {"filter": {"all": True}, "reason": "x"})
        assert ours.states + theirs.states == ["running"] * 2 + ["stuck"] * 2

    def test_handles_all_companies_on_request(self, super_admin, ours, theirs):
        assert len(super_admin.get(f"{INCIDENTS}?all_companies=true").json["data"]) == 4
        body = {"filter": {"all": True}, "reason": "x", "all_companies": True}
        assert super_admin.post(f"{INCIDENTS}/retry", body).json["remaining"] == 0
        assert ours.states + theirs.states == ["running"] * 4

    def test_is_refused_without_the_operators_database_url(self, super_admin, monkeypatch):
        monkeypatch.delenv("ORDERX_OPERATOR_DATABASE_URL")
        config.settings.cache_clear()
        answer = super_admin.get(f"{INCIDENTS}?all_companies=true")
        monkeypatch.undo()
        config.settings.cache_clear()
        assert answer.status_code == 503
        assert "ORDERX_OPERATOR_DATABASE_URL" in answer.json["detail"]
