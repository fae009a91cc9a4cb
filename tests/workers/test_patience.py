import psycopg
import pytest
from celery.exceptions import Reject
from celery.worker import state
from sqlalchemy.exc import OperationalError

from kit.process import heartbeat, outages
from saga.engine.errors import UnknownVersion
from workers import patience as waiting
from workers.patience import patiently


@pytest.fixture(autouse=True)
def pauses(monkeypatch):
    taken = []
    monkeypatch.setattr(outages.time, "sleep", taken.append)
    return taken


def an_outage() -> OperationalError:
    return OperationalError("SELECT 1", {}, psycopg.OperationalError("the server closed the connection"))


class TestPatiently:
    def test_waits_for_the_database_in_place(self, pauses):
        answers = [an_outage(), an_outage(), None]

        @patiently
        def work() -> None:
            if answer := answers.pop(0):
                raise answer

        beats = []
        with heartbeat.sent_by(lambda: beats.append(True)):
            work()
        assert answers == []
        assert len(pauses) == len(beats) == 2
        assert pauses == sorted(pauses)

    def test_gives_the_message_back_before_the_broker_takes_it_away(self, monkeypatch):
        clock = iter(range(0, 100_000, 60))
        monkeypatch.setattr(outages.time, "monotonic", lambda: next(clock))

        @patiently
        def work() -> None:
            raise an_outage()

        with pytest.raises(Reject) as rejected:
            work()
        assert rejected.value.requeue
        assert outages.GIVE_UP_AFTER < 30 * 60

    def test_gives_the_message_back_when_the_worker_is_told_to_stop(self, monkeypatch, pauses):
        @patiently
        def work() -> None:
            monkeypatch.setattr(state, "should_stop", 0 if pauses else None)
            raise an_outage()

        with pytest.raises(Reject) as rejected:
            work()
        assert (rejected.value.requeue, len(pauses)) == (True, 1)

    def test_leaves_a_saga_of_another_version_to_another_worker(self):
        @patiently
        def work() -> None:
            raise UnknownVersion

        with pytest.raises(Reject) as rejected:
            work()
        assert rejected.value.requeue

    def test_pauses_once_for_all_messages_that_it_gives_back_within_a_second(self, pauses, monkeypatch):
        monkeypatch.setattr(waiting, "_RETURNS", waiting._Returns())

        @waiting.patiently
        def work() -> None:
            raise UnknownVersion

        for _ in range(128):
            with pytest.raises(Reject):
                work()
        assert len(pauses) == 1

    def test_lets_other_errors_through(self):
        @patiently
        def work() -> None:
            raise KeyError("a defect of ours")

        with pytest.raises(KeyError):
            work()
