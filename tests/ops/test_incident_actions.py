"""Actions on many incidents: selected by a filter, tried with --dry-run, with a result for each."""

import json

import pytest

from domain.inventory import reservations as inventory
from kit import db
from kit.ids import new_id
from kit.tenancy import Tenant
from tests.saga.order_scenario import OrderScenario

WHY = ["--reason", "counted by hand", "--by", "ada"]


@pytest.fixture
def elsewhere(database, scenario, stuck, monkeypatch):
    """An order of another company, stuck for another reason."""

    def refuse(**_):
        raise RuntimeError("no shelf")

    shop = OrderScenario(database, price=0)
    with monkeypatch.context() as spoilt:
        spoilt.setattr(inventory, "commit", refuse)
        order = shop.place()
        shop.deliveries.deliver_all()
    assert shop.saga(order).state == "stuck"
    return shop, order


def states(scenario, orders):
    return [scenario.saga(order).state for order in orders]


class TestSelection:
    @pytest.mark.parametrize(
        "which",
        [["--error", "conflict"], ["--step", "commit_stock", "--error", "conflict"], ["--company", "{company}"]],
    )
    def test_may_be_a_filter(self, orderx, scenario, stuck, elsewhere, which):
        shop, order = elsewhere
        named = [word.format(company=scenario.shop.company_id) for word in which]
        code, said = orderx("saga", "retry", *named, *WHY)
        assert (code, len(said.splitlines())) == (0, 2)
        assert states(scenario, stuck) == ["running", "running"]
        assert shop.saga(order).state == "stuck"

    @pytest.mark.parametrize("which", [["--step", "email_customer"], ["--saga", "cancel_order"]])
    def test_may_be_empty(self, orderx, scenario, stuck, which):
        assert orderx("saga", "retry", *which, *WHY) == (0, "No such saga is stuck.\n")
        assert states(scenario, stuck) == ["stuck", "stuck"]

    def test_may_be_all(self, orderx, scenario, stuck, elsewhere):
        shop, order = elsewhere
        assert orderx("saga", "retry", "--all", *WHY)[0] == 0
        assert states(scenario, stuck) == ["running", "running"]
        assert shop.saga(order).state == "running"

    @pytest.mark.parametrize("which", [[], ["{id}", "--all"], ["{id}", "--step", "commit_stock"]])
    def test_must_be_by_ids_or_by_a_filter(self, orderx, scenario, stuck, which):
        code, said = orderx("saga", "retry", *[word.format(id=stuck[0]) for word in which], *WHY)
        assert code == 2
        assert "or give --all" in said
        assert states(scenario, stuck) == ["stuck", "stuck"]

    def test_is_the_oldest_up_to_a_limit_and_the_number_of_the_others_is_printed(self, orderx, scenario, stuck):
        code, said = orderx("saga", "retry", "--all", "--limit", "1", *WHY)
        assert (code, said.splitlines()[-1]) == (0, "1 more are left, beyond --limit 1.")
        assert states(scenario, stuck) == ["running", "stuck"]

    def test_may_be_named_by_their_incidents(self, orderx, scenario, stuck):
        [incident] = scenario.incidents(stuck[1])
        assert orderx("saga", "retry", incident.id, *WHY)[0] == 0
        assert states(scenario, stuck) == ["stuck", "running"]


class TestDryRun:
    def test_shows_the_result_for_each_and_changes_nothing(self, orderx, scenario, stuck):
        code, said = orderx("saga", "compensate", *stuck, new_id(), "--dry-run", *WHY)
        assert (code, said.count("would fail: ")) == (1, 3)
        code, said = orderx("saga", "retry", "--all", "--dry-run", *WHY)
        would = "commit_stock would be retried: running, then saga.advance"
        assert (code, said) == (0, f"{stuck[0]}  {would}\n{stuck[1]}  {would}\n")
        assert states(scenario, stuck) == ["stuck", "stuck"]
        assert [incident.resolved_at for order in stuck for incident in scenario.incidents(order)] == [None, None]


class TestResolve:
    def test_ends_the_order_as_the_operator_says(self, orderx, scenario, stuck):
        for order in stuck:
            with db.transaction(Tenant(company_id=scenario.shop.company_id)):
                inventory.commit(order_ids=[order], company_id=scenario.shop.company_id)
        assert orderx("saga", "resolve", "--all", "--as", "done", *WHY)[0] == 0
        assert [scenario.order(order).status for order in stuck] == ["paid", "paid"]
        [incident] = scenario.incidents(stuck[0])
        assert incident.resolution == {"action": "resolve", "as": "done", "reason": "counted by hand", "by": "ada"}

    def test_requires_an_outcome(self, orderx, scenario, stuck):
        assert orderx("saga", "resolve", stuck[0], *WHY)[0] == 2
        assert orderx("saga", "resolve", stuck[0], "--as", "well", *WHY)[0] == 2
        assert states(scenario, stuck) == ["stuck", "stuck"]


class TestListOfTheStuck:
    def test_shows_step_and_error_of_each(self, orderx, scenario, stuck, elsewhere):
        code, said = orderx("saga", "list", "--stuck", "--json")
        first = json.loads(said)[0]
        assert (code, len(json.loads(said))) == (0, 3)
        assert (first["subject_id"], first["step"], first["phase"]) == (str(stuck[0]), "commit_stock", "running")
        assert first["error"] == {"code": "conflict", "detail": "the shelf is empty"}

    def test_can_be_filtered_by_reason(self, orderx, stuck, elsewhere):
        _, said = orderx("saga", "list", "--stuck", "--reason", "RuntimeError", "--json")
        assert [each["subject_id"] for each in json.loads(said)] == [str(elsewhere[1])]

    def test_has_a_line_for_each_and_the_number_of_further_ones(self, orderx, stuck):
        code, said = orderx("saga", "list", "--stuck", "--limit", "1")
        line, count = said.splitlines()
        assert line.startswith(f"{stuck[0]}  place_order running, commit_stock: conflict after 1 try, since 20")
        assert (code, count) == (0, "stuck sagas: 1, and 1 more: see --limit")

    def test_says_that_no_saga_is_stuck(self, orderx, database):
        assert orderx("saga", "list", "--stuck") == (0, "stuck sagas: none\n")

    @pytest.mark.parametrize("words", [["--reason", "conflict"], ["--stuck", "--state", "done"]])
    def test_does_not_mix_with_other_lists(self, orderx, database, words):
        assert orderx("saga", "list", *words)[0] == 2
