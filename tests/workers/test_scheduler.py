"""The scheduler registers the declared schedules and sends their runs."""

import threading
from datetime import timedelta

import psycopg

from kit import clock
from workers import scheduler, schedules


class TestClaimUntil:
    def test_sends_what_is_due_and_goes_on_after_a_failure(self, database, monkeypatch):
        stopping, rounds = threading.Event(), []
        claim_due = scheduler.runs.claim_due

        def claim(declared, *, now):
            rounds.append(now)
            if len(rounds) == 1:
                raise psycopg.OperationalError("no connection")
            stopping.set()
            return claim_due(declared, now=now + timedelta(days=1))

        monkeypatch.setattr(scheduler.runs, "claim_due", claim)
        monkeypatch.setattr(scheduler, "INTERVAL", 0.01)
        scheduler.claim_until(stopping)
        assert len(rounds) == 2
        with psycopg.connect(database) as connection:
            tasks = connection.execute("SELECT body->'kwargs'->>'schedule' FROM outbox").fetchall()
        assert {name for (name,) in tasks} == set(schedules.declared())
        assert all(at <= clock.now() for at in rounds)
