import getpass
import json
import re

import pytest
from typer.testing import CliRunner

from domain.sales import order_status
from kit.ids import new_id
from ops.cli import app

WHY = ["--reason", "the shelf is counted"]
RETRIED = "commit_stock retried: running, then saga.advance"
SKIPPED = "commit_stock skipped: finishing, then notifications.email_customer"


def go_on(scenario):
    """Take the saga on, up to its mail."""
    scenario.deliveries.collect()
    for _ in scenario.deliveries.tasks[:]:
        scenario.deliveries.deliver_next("saga.advance")


class TestRetry:
    def test_continues_several_sagas_by_the_ids_of_their_orders(self, orderx, scenario, stuck):
        assert orderx("saga", "retry", *stuck, *WHY) == (0, f"{stuck[0]}  {RETRIED}\n{stuck[1]}  {RETRIED}\n")
        go_on(scenario)
        assert [scenario.order(order).status for order in stuck] == ["paid", "paid"]

    def test_accepts_the_id_of_the_saga_too(self, orderx, scenario, stuck):
        saga = scenario.saga(stuck[0])
        assert orderx("saga", "retry", saga.id, *WHY) == (0, f"{saga.id}  {RETRIED}\n")
        assert scenario.saga(stuck[0]).state == "running"

    def test_acts_on_each_and_exits_1_if_one_fails(self, orderx, scenario, stuck):
        orderx("saga", "retry", stuck[0], *WHY)
        unknown, saga = new_id(), scenario.saga(stuck[0])
        code, said = orderx("saga", "retry", unknown, *stuck, *WHY)
        assert (code, said.splitlines()) == (1, [
            f"{unknown}  failed: there is no saga {unknown}, and no saga about it",
            f"{stuck[0]}  failed: saga {saga.id} is not stuck: it is running",
            f"{stuck[1]}  {RETRIED}",
        ])  # fmt: skip

    def test_prints_a_line_of_json_for_each(self, orderx, stuck):
        orderx("saga", "retry", stuck[0], *WHY)
        code, said = orderx("saga", "retry", *stuck, *WHY, "--json")
        first, second = map(json.loads, said.splitlines())
        assert (code, first["id"], first["result"]) == (1, str(stuck[0]), "failed")
        assert first["error"]["code"] == "not_stuck"
        assert (second["id"], second["result"], second["error"]) == (str(stuck[1]), "succeeded", None)
        assert (second["step"], second["state"], second["tasks"]) == ("commit_stock", "running", ["saga.advance"])

    @pytest.mark.parametrize(("options", "by"), [([], getpass.getuser()), (["--by", "grace"], "grace")])
    def test_records_operator_and_reason_in_the_incident(self, orderx, scenario, stuck, options, by):
        orderx("saga", "retry", stuck[0], *WHY, *options)
        [incident] = scenario.incidents(stuck[0])
        assert incident.resolution == {"action": "retry", "reason": "the shelf is counted", "by": by}


class TestSkip:
    def test_ends_the_order_without_the_step(self, orderx, scenario, stuck):
        assert orderx("saga", "skip", stuck[0], *WHY) == (0, f"{stuck[0]}  {SKIPPED}\n")
        assert scenario.saga(stuck[0]).state == "finishing"
        assert scenario.order(stuck[0]).status == "paid"

    def test_logs_the_outcome_of_the_order_on_standard_error(self, stuck):
        done = CliRunner().invoke(app, ["saga", "skip", str(stuck[0]), *WHY, "--json"])
        assert [json.loads(line)["error"] for line in done.stdout.splitlines()] == [None]
        logged = [json.loads(line) for line in done.stderr.splitlines()]
        assert [line["event"] for line in logged] == ["order_paid"]

    def test_reports_the_error_of_an_outcome_hook_and_continues(self, orderx, scenario, stuck, monkeypatch):
        errors = [RuntimeError("no paper")]

        def mark_paid(**_):
            if errors:
                raise errors.pop()
            return []

        monkeypatch.setattr(order_status, "mark_paid", mark_paid)
        code, said = orderx("saga", "skip", *stuck, *WHY)
        assert (code, said.splitlines()) == (1, [
            f"{stuck[0]}  failed: RuntimeError: no paper",
            f"{stuck[1]}  {SKIPPED}",
        ])  # fmt: skip
        assert scenario.saga(stuck[0]).state == "stuck"


class TestCompensate:
    def test_refuses_a_saga_that_cannot_be_undone(self, orderx, scenario, stuck):
        code, said = orderx("saga", "compensate", stuck[0], *WHY)
        assert code == 1
        assert "cannot be compensated: commit_stock is begun and cannot be undone: the payment is captured" in said
        assert scenario.saga(stuck[0]).state == "stuck"


@pytest.mark.parametrize("command", [["retry"], ["skip"], ["compensate"], ["resolve", "--as", "done"]], ids=" ".join)
class TestEach:
    @pytest.mark.parametrize("reason", [[], ["--reason", "  "]])
    def test_requires_a_reason(self, orderx, scenario, stuck, command, reason):
        code, _ = orderx("saga", *command, stuck[0], *reason)
        assert code == 2
        assert scenario.saga(stuck[0]).state == "stuck"


class TestShow:
    def test_shows_where_the_saga_is_stuck(self, orderx, scenario, stuck):
        [incident] = scenario.incidents(stuck[0])
        since = f"{incident.opened_at:%Y-%m-%d %H:%M:%S} UTC"
        _, said = orderx("saga", "show", stuck[0])
        line = said.splitlines()[-1]
        assert line == f"stuck in commit_stock (running) since {since}; attempts: 1, conflict, the shelf is empty"
        _, said = orderx("saga", "show", stuck[0], "--json")
        assert json.loads(said)["incident"]["id"] == str(incident.id)

    def test_does_not_show_resolved_incidents(self, orderx, stuck):
        orderx("saga", "retry", stuck[0], *WHY)
        _, said = orderx("saga", "show", stuck[0])
        assert "stuck" not in said
        _, said = orderx("saga", "show", stuck[0], "--json")
        assert json.loads(said)["incident"] is None

    def test_marks_the_failed_step(self, orderx, scenario):
        order = scenario.place(quantity=99)
        scenario.deliveries.deliver_all()
        code, said = orderx("saga", "show", order, "--json")
        content = json.loads(said)
        steps = {step["step"]: (step["state"], step["undone_at"] is not None) for step in content["steps"]}
        assert (code, content["state"], content["order"]["status"]) == (0, "undone", "failed")
        assert steps["reserve_stock"] == ("failed", True)
        assert steps["authorise_payment"] == ("undone", True)
        assert steps["capture_payment"] == ("pending", False)
        shown = orderx("saga", "show", order)[1].splitlines()
        assert shown[0] == f"order {order}: failed (out_of_stock)"
        assert " failed " in next(line for line in shown if "reserve_st" in line)


RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def times_of(content):
    """Every time in it, by name."""
    if isinstance(content, list):
        for each in content:
            yield from times_of(each)
    elif isinstance(content, dict):
        for name, value in content.items():
            yield from [(name, value)] if name.endswith("_at") and value else times_of(value)


class TestList:
    def test_finds_the_stuck_ones(self, orderx, scenario, stuck):
        orderx("saga", "retry", stuck[0], *WHY)
        _, said = orderx("saga", "list", "--state", "stuck", "--json")
        assert [saga["subject_id"] for saga in json.loads(said)] == [str(stuck[1])]

    @pytest.mark.parametrize("words", [["list"], ["list", "--stuck"], ["show"]])
    def test_writes_times_in_json_as_rfc_3339(self, orderx, stuck, words):
        code, said = orderx("saga", *words, *([stuck[0]] if words == ["show"] else []), "--json")
        times = dict(times_of(json.loads(said)))
        assert (code, times.keys() & {"started_at", "opened_at", "happened_at"} != set()) == (0, True)
        assert [time for time in times.values() if not RFC_3339.fullmatch(time)] == []


class TestRehearse:
    DURING = ("saga", "rehearse", "cancel_order", "--during", "place_order")

    def test_says_what_a_command_does_that_meets_an_open_saga(self, orderx):
        code, said = orderx(*self.DURING, "--at", "reserve_stock", "--json")
        assert (code, json.loads(said)) == (
            0,
            {
                "rule": "stop",
                "command": "is dropped",
                "open_saga": {
                    "done": ["reserve_stock", "authorise_payment"],
                    "undone": ["void_payment", "release_stock"],
                    "ending": "undone",
                },
            },
        )

    @pytest.mark.parametrize("options", [(), ("--at", "fold"), ("--at", "reserve_stock", "--failing", "refund_order")])
    def test_refuses_what_it_cannot_rehearse(self, orderx, options):
        assert orderx(*self.DURING, *options)[0] == 2
