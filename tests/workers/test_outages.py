import psycopg
import pytest
from celery.exceptions import Reject
from celery.worker import state
from sqlalchemy.exc import OperationalError

from kit.process import heartbeat, outages
from workers.outages import retry_on_outage


@pytest.fixture(autouse=True)
def pauses(monkeypatch):
    taken = []
    monkeypatch.setattr(outages.time, "sleep", taken.append)
    return taken


def an_outage() -> OperationalError:
    return OperationalError("SELECT 1", {}, psycopg.OperationalError("the server closed the connection"))


class TestRetryOnOutage:
    def test_retries_while_the_database_is_down(self, pauses):
        answers = [an_outage(), an_outage(), None]

        @retry_on_outage
        def work() -> None:
            if answer := answers.pop(0):
                raise answer

        beats = []
        with heartbeat.sent_by(lambda: beats.append(True)):
            work()
        assert answers == []
        assert len(pauses) == len(beats) == 2
        assert pauses == sorted(pauses)

    def test_requeues_the_message_before_the_brokers_consumer_timeout(self, monkeypatch):
        clock = iter(range(0, 100_000, 60))
        monkeypatch.setattr(outages.time, "monotonic", lambda: next(clock))

        @retry_on_outage
        def work() -> None:
            raise an_outage()

        with pytest.raises(Reject) as rejected:
            work()
        assert rejected.value.requeue
        assert outages.GIVE_UP_AFTER < 30 * 60

    def test_requeues_the_message_when_the_worker_stops(self, monkeypatch, pauses):
        @retry_on_outage
        def work() -> None:
            monkeypatch.setattr(state, "should_stop", 0 if pauses else None)
            raise an_outage()

        with pytest.raises(Reject) as rejected:
            work()
        assert (rejected.value.requeue, len(pauses)) == (True, 1)

    def test_raises_other_errors(self):
        @retry_on_outage
        def work() -> None:
            raise KeyError("a defect of ours")

        with pytest.raises(KeyError):
            work()
