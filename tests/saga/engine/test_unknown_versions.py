"""Two releases side by side, of which the older one does not know the newer version: each saga ends once and right."""

from dataclasses import dataclass
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from saga.engine import executor, unknown_versions
from saga.engine.definition import Saga, then, together
from saga.engine.errors import Refused, UnknownVersion
from saga.engine.locked_saga import SagaRef
from saga.engine.state_machine import ADVANCE
from saga.engine.sweep import sweep
from tests.saga.message_deliveries import Deliveries


@dataclass
class Release:
    """The workers and sweepers of a release, which declares these sagas."""

    deliveries: Deliveries
    sagas: tuple[Saga, ...]

    def find(self, name, version):
        for saga in self.sagas:
            if (saga.name, saga.version) == (name, version):
                return saga
        raise UnknownVersion

    def put_back(self, *tasks):
        """Put the tasks back; returns how many of them are on their way to another worker."""
        return unknown_versions.put_back(tasks, self.find, company_id=UUID(tasks[0]["kwargs"]["company_id"]))

    def work(self, *tasks):
        """Run these tasks in one batch, as workers/tasks/sagas.py does."""
        refs = {SagaRef(UUID(task["root"]), UUID(task["kwargs"]["company_id"])): task for task in tasks}
        declared = [step for saga in self.sagas for step in saga.steps.values()]
        steps = {step.task: step.name for step in declared}
        undo = next((step for step in declared if step.undo_task == tasks[0]["task"]), None)
        try:
            if undo:
                executor.run_undo(list(refs), undo.name, self.find)
            else:
                wanted = {ref: [steps[task["task"]]] if task["task"] in steps else [] for ref, task in refs.items()}
                executor.run_steps(wanted, self.find, continue_inline=tasks[0]["task"] == ADVANCE)
        except UnknownVersion as unknown:
            known = [task for ref, task in refs.items() if ref.saga_id not in unknown.saga_ids]
            if known:
                self.work(*known)
            self.put_back(*[task for ref, task in refs.items() if ref.saga_id in unknown.saga_ids])
        self.deliveries.collect()


@pytest.fixture
def versions(harness, script):
    """Two versions of a saga: the newer one has a step more."""
    fold, cut, glue, pack = (script.step(name) for name in ("fold", "cut", "glue", "pack"))
    first = harness.saga(together(fold, cut), then(glue))
    second = harness.saga(together(fold, cut), then(glue), then(pack), version=2)
    return first, second


@pytest.fixture
def releases(versions):
    deliveries = Deliveries(versions)
    return Release(deliveries, versions[:1]), Release(deliveries, versions)


@pytest.fixture
def waiting(harness, versions, releases):
    """A saga of the newer version, and its first tasks."""
    old, _ = releases
    ref, deliveries = harness.start(versions[1], deliveries=old.deliveries)
    return ref, deliveries.tasks


class TestATaskOfAnUnknownVersion:
    def test_goes_back_to_the_outbox_due_in_a_second(self, harness, releases, waiting):
        old, _ = releases
        _, tasks = waiting
        task = tasks[0]
        assert old.put_back(task) == 1
        [(body, seconds)] = harness.sql(
            "SELECT body, extract(epoch FROM available_at - (SELECT max(happened_at) FROM saga_events"
            " WHERE event = 'unknown_version'))::float FROM outbox"
        )
        assert (body, seconds) == (task, 1.0)

    def test_is_in_the_history_once(self, harness, releases, waiting):
        old, _ = releases
        ref, tasks = waiting
        for task in tasks * 3:
            old.work(task)
        assert harness.events(ref) == ["started", "unknown_version"]

    def test_keeps_its_saga_from_counting_as_stalled(self, harness, releases, waiting):
        old, new = releases
        _, tasks = waiting
        harness.expire_deadlines()
        old.work(tasks[0])
        assert sweep(new.find) == 0

    def test_does_not_keep_others_of_its_batch_from_running(self, harness, versions, releases, waiting):
        old, _ = releases
        ref, _ = waiting
        known, _ = harness.start(versions[0], deliveries=old.deliveries)
        old.work(*[task for task in old.deliveries.tasks if task["task"] == "toys.fold"])
        assert harness.steps(known)["fold"] == "done"
        assert harness.steps(ref)["fold"] == "pending"

    def test_is_done_by_a_worker_that_knows_it(self, harness, releases, waiting):
        old, new = releases
        ref, tasks = waiting
        old.work(tasks.pop())
        while new.deliveries.tasks:
            new.work(new.deliveries.tasks.pop(0))
        assert (harness.state(ref), list(harness.steps(ref).values())) == ("done", ["done"] * 4)

    def test_is_not_multiplied_by_duplicates(self, harness, releases, waiting):
        old, _ = releases
        _, tasks = waiting
        for _ in range(3):
            assert old.put_back(*tasks, *tasks) == 4
        assert harness.sql("SELECT count(*) FROM outbox") == [(2,)]

    def test_goes_back_again_when_it_has_come_again(self, harness, releases, waiting):
        old, _ = releases
        _, tasks = waiting
        for _ in range(3):
            returned = [*tasks]
            tasks.clear()
            for task in returned:
                old.work(task)
            assert sorted(task["task"] for task in tasks) == ["toys.cut", "toys.fold"]
            due_now = "SELECT jsonb_object_agg(key, now()) FROM jsonb_each(returned_tasks)"
            harness.sql(f"UPDATE sagas SET returned_tasks = ({due_now})")

    def test_is_dropped_while_its_saga_waits(self, harness, releases, waiting):
        old, _ = releases
        _, tasks = waiting
        harness.sql("UPDATE sagas SET state = 'waiting'")
        assert old.put_back(*tasks) == 0
        assert harness.sql("SELECT id FROM outbox") == []

    @pytest.mark.parametrize("state", ["done", "stuck"])
    def test_is_dropped_if_its_saga_needs_none(self, harness, releases, waiting, state):
        old, _ = releases
        _, tasks = waiting
        harness.sql(f"UPDATE sagas SET state = '{state}', ended_at = CASE '{state}' WHEN 'done' THEN now() END")
        assert old.put_back(tasks[0]) == 0
        assert harness.sql("SELECT id FROM outbox") == []

    def test_is_not_put_back_by_a_worker_that_knows_the_version(self, releases, waiting):
        _, new = releases
        _, tasks = waiting
        assert new.put_back(tasks[0]) == 0


class TestASweeper:
    def test_leaves_sagas_of_unknown_versions_to_others(self, harness, releases, waiting):
        old, new = releases
        ref, tasks = waiting
        tasks.clear()
        harness.expire_deadlines()
        assert (sweep(old.find), sweep(old.find, limit=1), harness.events(ref)) == (0, 0, ["started"])
        assert sweep(new.find) == 1

    def test_finds_its_own_behind_those_of_unknown_versions(self, harness, versions, releases, waiting):
        old, _ = releases
        harness.start(versions[1], deliveries=old.deliveries)
        ref, _ = harness.start(versions[0], deliveries=old.deliveries)
        harness.expire_deadlines()
        assert sweep(old.find, limit=1) == 1
        assert harness.events(ref)[-1] == "resent"


anything = st.lists(
    st.tuples(
        st.sampled_from(["old works", "new works", "lose", "deliver twice", "old sweeps", "new sweeps"]),
        st.integers(0, 9),
    ),
    max_size=14,
)


class TestTwoReleases:
    @given(schedule=anything, fails=st.booleans())
    @settings(max_examples=20, suppress_health_check=list(HealthCheck))
    def test_end_each_saga_once_and_right(self, harness, script, versions, releases, schedule, fails):
        old, new = releases
        deliveries = new.deliveries
        deliveries.tasks.clear()
        script.answers.clear()
        script.answers["glue"] = [Refused("dry"), Refused("dry")] if fails else []
        refs = [harness.start(version, deliveries=deliveries)[0] for version in versions]
        for event, which in schedule:
            if event.endswith("sweeps"):
                harness.expire_deadlines()
                sweep(old.find if event.startswith("old") else new.find)
                deliveries.collect()
            elif deliveries.tasks:
                task = deliveries.tasks.pop(which % len(deliveries.tasks))
                if event == "deliver twice":
                    new.work(task)
                if event != "lose":
                    (old if event == "old works" else new).work(task)
        for _ in range(20):
            harness.expire_deadlines()
            sweep(old.find)
            sweep(new.find)
            deliveries.collect()
            while deliveries.tasks:
                new.work(deliveries.tasks.pop(0))
        ending = "undone" if fails else "done"
        assert [harness.state(ref) for ref in refs] == [ending] * 2
        assert [harness.events(ref).count(ending) for ref in refs] == [1, 1]
        assert not fails or all(state in {"undone", "pending"} for ref in refs for state in harness.steps(ref).values())
