"""`orderx saga` shows what a saga waits for, sends it signals, and `orderx check` proves its waits."""

import json

import pytest

from ops.check import check
from saga import registry
from saga.engine.definition import then, wait_for
from tests.saga.engine.saga_harness import SagaHarness
from tests.saga.engine.toy_signals import A_DAY, CONFIRMED, YES_AS_JSON

WHY = ["--reason", "the webhook was lost", "--by", "ada"]
YES = ["print.confirmed", "--payload", json.dumps(YES_AS_JSON)]


@pytest.fixture
def waiting(database, monkeypatch):
    """A saga that waits, its deliveries and its harness; the registry knows it."""
    harness = SagaHarness(database)
    fold, cut = map(harness.script.step, ("fold", "cut"))
    saga = harness.saga(then(fold), wait_for(CONFIRMED, expires=A_DAY, on_expiry="undo"), then(cut))
    monkeypatch.setattr(registry, "find", lambda _name, _version: saga)
    monkeypatch.setattr(registry, "SAGAS", (saga,))
    ref, deliveries = harness.start(saga)
    deliveries.deliver_all()
    return ref, deliveries, harness


def until(harness, ref):
    return harness.timeline(ref).saga.due_at


class TestShow:
    def test_shows_signal_and_expiry_of_a_wait(self, orderx, waiting, monkeypatch):
        monkeypatch.setenv("COLUMNS", "300")
        ref, _, harness = waiting
        _, said = orderx("saga", "show", ref.saga_id)
        assert f"waiting for print.confirmed until {until(harness, ref):%Y-%m-%d %H:%M:%S} UTC" in " ".join(
            said.split()
        )

    def test_prints_them_as_json(self, orderx, waiting):
        ref, _, harness = waiting
        _, said = orderx("saga", "show", ref.saga_id, "--json")
        assert json.loads(said)["waiting_for"] == {
            "signal": "print.confirmed",
            "until": until(harness, ref).isoformat(),
        }

    def test_shows_signals_that_had_no_effect(self, orderx, waiting):
        ref, deliveries, harness = waiting
        harness.stop(ref, deliveries)
        orderx("saga", "signal", ref.saga_id, *YES, *WHY)
        _, said = orderx("saga", "show", ref.saga_id)
        assert "late signal print.confirmed at " in said
        _, said = orderx("saga", "show", ref.saga_id, "--json")
        assert [(each["result"], each["sent_by"]) for each in json.loads(said)["signals"]] == [("late", "ada")]


class TestList:
    def test_shows_what_sagas_wait_for(self, orderx, waiting):
        _, deliveries, harness = waiting
        harness.run(deliveries.sagas[0])
        _, said = orderx("saga", "list", "--state", "waiting", "--json")
        assert [(row["state"], row["waiting_for"]["signal"]) for row in json.loads(said)] == [
            ("waiting", "print.confirmed")
        ] * 2
        assert orderx("saga", "list", "--stuck") == (0, "stuck sagas: none\n")

    def test_shows_no_wait_of_a_running_saga(self, orderx, waiting):
        ref, _, _ = waiting
        orderx("saga", "signal", ref.saga_id, *YES, *WHY)
        _, said = orderx("saga", "list", "--json")
        assert [(row["state"], row["waiting_for"]) for row in json.loads(said)] == [("running", None)]


class TestSignal:
    def test_continues_the_saga_and_is_recorded_with_operator_and_reason(self, orderx, waiting):
        ref, deliveries, harness = waiting
        subject = harness.timeline(ref).saga.subject_id
        assert orderx("saga", "signal", subject, *YES, *WHY) == (0, f"{subject}  print.confirmed: accepted\n")
        assert harness.sql("SELECT sent_by, reason FROM saga_signals") == [("ada", "the webhook was lost")]
        deliveries.deliver_all()
        assert harness.state(ref) == "done"

    def test_reaches_the_saga_beside_one_of_an_unknown_version(self, orderx, waiting, monkeypatch):
        ref, deliveries, harness = waiting
        monkeypatch.setattr(registry, "find", deliveries.find)
        harness.sql(
            "INSERT INTO sagas (id, company_id, name, version, subject_id, tags, started_at, due_at)"
            " SELECT gen_random_uuid(), company_id, 'newer', 7, subject_id, '{}', now(), now() FROM sagas"
        )
        subject = harness.timeline(ref).saga.subject_id
        assert orderx("saga", "signal", subject, *YES, *WHY) == (0, f"{subject}  print.confirmed: accepted\n")

    def test_names_the_error_in_a_payload(self, orderx, waiting):
        ref, _, _ = waiting
        code, said = orderx("saga", "signal", ref.saga_id, "print.confirmed", "--payload", "[]", *WHY)
        assert (code, "give a JSON object" in said) == (2, True)


class TestRehearse:
    def test_expires_a_wait(self, orderx, waiting):
        code, said = orderx("saga", "rehearse", "toy", "--expiring", "print.confirmed", "--json")
        assert (code, json.loads(said)) == (0, {"done": ["fold"], "undone": ["un_fold"], "ending": "undone"})


class TestCheck:
    def test_finds_nothing_wrong_with_a_saga_that_waits(self, waiting, monkeypatch):
        monkeypatch.setattr("saga.checks.definitions.SAGAS", waiting[1].sagas)
        found = [findings for _, findings in check(provider=False, at_rest=True) if findings]
        assert found == []

    def test_finds_nothing_wrong_with_one_that_was_undone_after_its_signal(self, waiting, monkeypatch, orderx):
        monkeypatch.setattr("saga.checks.definitions.SAGAS", waiting[1].sagas)
        ref, deliveries, harness = waiting
        orderx("saga", "signal", ref.saga_id, *YES, *WHY)
        harness.stop(ref, deliveries)
        deliveries.deliver_all()
        assert harness.state(ref) == "undone"
        assert [findings for _, findings in check(provider=False, at_rest=True) if findings] == []
