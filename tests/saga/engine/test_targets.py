"""One open saga per target: a command turns it back, queues behind it, or is refused; two commands never race."""

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from kit import clock, db
from kit.ids import new_id
from kit.tenancy import Tenant
from saga.engine import checks
from saga.engine.definition import then, wait_for
from saga.engine.errors import Refused
from saga.engine.queued_sagas import AlreadyRequested
from saga.engine.targets import TargetBusy
from saga.rules.started_versions import STARTS
from tests.requests import TRACEPARENT, in_request
from tests.saga.engine.toy_signals import A_DAY, CONFIRMED

VIOLATIONS = {check.name: check.violations for check in checks.CHECKS}
ONE_AT_A_TIME = VIOLATIONS["at most one saga changes an order, or any other target, at a time"]
QUEUED = VIOLATIONS["every queued saga waits for an open one"]


class TestWithoutAnOpenSaga:
    def test_the_saga_starts(self, command, deliveries, names):
        assert command("print") == "started"
        deliveries.deliver_all()
        assert names() == [("print", "done")]

    def test_it_starts_after_another_has_decided_its_outcome(self, command, deliveries, names):
        command("print")
        deliveries.deliver_all()
        assert command("cut") == "started"
        assert names() == [("print", "done"), ("cut", "running")]


class TestStop:
    def test_undoes_the_open_saga_and_drops_the_command(self, harness, command, deliveries, names, script, ref):
        command("print")
        deliveries.collect()
        assert command("cut") == "stop requested"
        deliveries.deliver_all()
        assert names() == [("print", "undone")]
        assert "trim" not in script.calls
        assert harness.events(ref("print"))[-1] == "queued_saga_dropped"
        assert harness.sql("SELECT id FROM queued_sagas") == []

    @pytest.mark.parametrize(("first", "state"), [(["ink"], "compensating"), ([], "undone")])
    def test_ends_the_wait_of_the_open_saga_at_once(
        self, harness, script, sagas, command, deliveries, names, first, state
    ):
        wait = wait_for(CONFIRMED, expires=A_DAY, on_expiry="undo")
        stages = *[then(script.step(name)) for name in first], wait, then(script.step("press"), pivot=True)
        sagas["print"] = harness.saga(*stages, name="print")
        deliveries.sagas = tuple(sagas.values())
        command("print")
        deliveries.deliver_all()
        assert names() == [("print", "waiting")]
        assert command("cut") == "stop requested"
        assert names() == [("print", state)]
        deliveries.deliver_all()
        assert names() == [("print", "undone")]
        assert harness.sql("SELECT id FROM queued_sagas") == []

    def test_starts_the_command_once_the_open_saga_can_no_longer_be_undone(
        self, harness, command, deliveries, names, script, ref
    ):
        script.answers["dry"] = [OSError()]
        command("print")
        deliveries.deliver_next("saga.advance")
        assert command("cut") == "stop requested"
        deliveries.deliver_all()
        assert names() == [("print", "done"), ("cut", "done")]
        assert [event for event in harness.events(ref("print")) if "saga" in event or "stop" in event] == [
            "stop_requested", "saga_queued", "queued_saga_released",
        ]  # fmt: skip


class TestQueue:
    def test_starts_the_command_when_the_open_saga_is_done(self, harness, command, deliveries, names):
        command("print")
        assert command("bind") == "queued"
        assert names() == [("print", "running")]
        deliveries.deliver_all()
        assert names() == [("print", "done"), ("bind", "done")]

    def test_drops_it_when_the_open_saga_is_undone(self, command, deliveries, names, script):
        script.answers["ink"] = [Refused("dry")]
        command("print")
        command("bind")
        deliveries.deliver_all()
        assert names() == [("print", "undone")]

    def test_starts_several_one_after_the_other(self, harness, command, deliveries, names):
        command("print")
        assert [command("bind"), command("bind")] == ["queued", "queued"]
        while deliveries.tasks or harness.sql("SELECT id FROM outbox"):
            deliveries.collect()
            deliveries.deliver(deliveries.tasks.pop(0))
            assert harness.sql(ONE_AT_A_TIME) == harness.sql(QUEUED) == []
        assert names() == [("print", "done"), ("bind", "done"), ("bind", "done")]

    def test_starts_it_in_the_version_that_new_sagas_get_by_then(
        self, harness, script, sagas, command, deliveries, names, monkeypatch
    ):
        command("print")
        command("bind")
        newer = harness.saga(then(script.step("glue")), name="bind", version=2)
        deliveries.sagas = (sagas["print"], newer)
        monkeypatch.setitem(STARTS, "bind", 2)
        deliveries.deliver_all()
        assert names() == [("print", "done"), ("bind", "done")]
        assert harness.sql("SELECT version FROM sagas WHERE name = 'bind'") == [(2,)]

    def test_starts_it_with_the_origin_of_the_command(self, harness, command, deliveries):
        command("print")
        for request in ("one", "two"):
            with in_request(request):
                command("bind")
        deliveries.deliver_all()
        origins = harness.sql("SELECT context ->> 'requestid', traceparent FROM sagas WHERE name = 'bind' ORDER BY id")
        assert origins == [("one", TRACEPARENT), ("two", TRACEPARENT)]

    def test_refuses_a_second_one_of_the_same_subject(self, harness, command, deliveries, names):
        command("print")
        subject_id = new_id()
        command("bind", subject_id=subject_id)
        with pytest.raises(AlreadyRequested, match="bind"):
            command("bind", subject_id=subject_id)
        deliveries.deliver_all()
        assert names() == [("print", "done"), ("bind", "done")]

    def test_refuses_one_whose_subject_has_had_it(self, harness, command, deliveries, names):
        subject_id = new_id()
        command("bind", subject_id=subject_id)
        deliveries.deliver_all()
        command("print")
        with pytest.raises(AlreadyRequested, match="bind"):
            command("bind", subject_id=subject_id)
        deliveries.deliver_all()
        assert names() == [("bind", "done"), ("print", "done")]

    def test_survives_a_death_of_the_worker_that_would_have_started_it(self, harness, command, deliveries, names, ref):
        command("print")
        command("bind")
        deliveries.collect()
        task = deliveries.tasks.pop(0)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("saga.engine.queued_sagas.start", _die)
            with pytest.raises(SystemExit):
                deliveries.deliver(task)
        assert names() == [("print", "running")]
        deliveries.deliver(task)
        deliveries.deliver_all()
        assert names() == [("print", "done"), ("bind", "done")]


def _die(*_, **__):
    raise SystemExit


class TestRefuse:
    @pytest.mark.parametrize(("first", "second"), [("cut", "cut"), ("bind", "print")])
    def test_names_the_open_saga(self, command, names, ref, first, second):
        command(first)
        with pytest.raises(TargetBusy, match="Another operation is in progress") as refused:
            command(second)
        assert refused.value.detail == {"saga": {"name": first, "id": str(ref(first).saga_id)}}
        assert names() == [(first, "running")]

    def test_finds_the_open_saga_whose_subject_is_the_target(self, harness, sagas, command, target):
        from saga.engine.start import start  # noqa: PLC0415

        with db.transaction(Tenant(company_id=harness.company_id)):
            start(sagas["cut"], subject_id=target, company_id=harness.company_id, now=clock.now())
        with pytest.raises(TargetBusy):
            command("cut")


class TestAtTheSameTime:
    TIMES = 6

    def together(self, command, *names):
        barrier = threading.Barrier(len(names))

        def one(name):
            barrier.wait()
            try:
                return command(name)
            except TargetBusy:
                return "refused"

        with ThreadPoolExecutor(len(names)) as pool:
            return list(pool.map(one, names))

    def test_one_command_starts_and_the_others_are_refused(self, command, names):
        assert sorted(self.together(command, *["cut"] * self.TIMES)) == ["refused"] * (self.TIMES - 1) + ["started"]
        assert names() == [("cut", "running")]

    def test_all_queue_behind_the_one_that_started(self, harness, command, deliveries, names):
        assert sorted(self.together(command, *["bind"] * self.TIMES)) == ["queued"] * (self.TIMES - 1) + ["started"]
        deliveries.deliver_all()
        assert names() == [("bind", "done")] * self.TIMES
        [*times] = harness.sql("SELECT started_at, ended_at FROM sagas ORDER BY started_at, ended_at")
        assert all(ended <= started for (_, ended), (started, _) in pairwise(times))

    def test_a_command_never_misses_the_end_of_the_open_saga(self, harness, command, deliveries, names):
        command("print")
        deliveries.collect()
        task = deliveries.tasks.pop(0)
        with ThreadPoolExecutor(2) as pool:
            moving, commanded = pool.submit(deliveries.deliver, task), pool.submit(command, "bind")
            moving.result()
            assert commanded.result() in {"queued", "started"}
        deliveries.deliver_all()
        assert names() == [("print", "done"), ("bind", "done")]
