"""A dead worker opens an alert: real workers on a real RabbitMQ, killed and frozen."""

import os
import sys
from datetime import timedelta

import pytest

from kit import clock
from ops.services.process import Process
from ops.services.readiness import output_contains
from workers.alerts.heartbeats import DEAD_WORKER_ALERT_TTL, MAX_SILENCE, HeartbeatMonitor, worker_slot


@pytest.fixture
def heartbeats(app):
    with app.connection_for_write() as connection:
        yield HeartbeatMonitor(connection)


@pytest.fixture
def worker(app, tmp_path):
    """Starts a worker; without a name it generates one."""
    started = []

    def start(name: str = "") -> Process:
        log = tmp_path / f"worker-{len(started)}.log"
        command = [sys.executable, "-m", "ops.cli", "worker", "--queues", "inventory", "--name", name]
        process = Process("worker", command, log=log, env=dict(os.environ), ready=output_contains(" ready."))
        started.append(process)
        process.start()
        return process

    yield start
    for process in started:
        process.kill()


@pytest.fixture
def listen(heartbeats):
    """Checks until the condition is true; each check is `step` later than the last."""

    def checking(condition, *, step: timedelta = timedelta()) -> None:
        for times in range(1000):
            heartbeats.check(now=clock.now() + times * step)
            if condition():
                return
        raise AssertionError("the condition never became true")

    return checking


@pytest.fixture
def alive(heartbeats):
    return lambda: [name.partition("@")[0] for name in heartbeats._last_heartbeats]


@pytest.fixture
def dead(open_alerts):
    return lambda: [key.partition("@")[0] for kind, key in open_alerts() if kind == "worker_died"]


class TestAWorker:
    def test_that_is_killed_opens_an_alert_until_it_is_back(self, worker, listen, alive, dead):
        stock = worker("stock")
        listen(lambda: alive() == ["stock"])
        assert dead() == []
        stock.kill()
        listen(lambda: dead() == ["stock"], step=MAX_SILENCE)
        worker("stock")
        listen(lambda: alive() == ["stock"])
        assert dead() == []

    def test_that_is_stopped_opens_none(self, worker, listen, heartbeats, alive, dead):
        stock = worker("stock")
        listen(lambda: alive() == ["stock"])
        stock.stop()
        listen(lambda: alive() == [])
        for later in range(1, 4):
            heartbeats.check(now=clock.now() + later * MAX_SILENCE)
        assert dead() == []

    def test_that_is_frozen_opens_one_until_it_is_thawed(self, worker, listen, alive, dead):
        stock = worker("stock")
        listen(lambda: alive() == ["stock"])
        stock.freeze()
        listen(lambda: dead() == ["stock"], step=MAX_SILENCE)
        stock.thaw()
        listen(lambda: dead() == [])

    def test_without_a_configured_name_is_replaced_by_the_next_one_for_its_queues(self, worker, listen, alive, dead):
        first = worker()
        listen(lambda: len(alive()) == 1)
        first.kill()
        listen(lambda: len(dead()) == 1, step=MAX_SILENCE)
        worker()
        listen(lambda: dead() == [])


class TestInvalidHeartbeats:
    def test_do_not_prevent_the_next_one(self, app, heartbeats, worker, listen, alive):
        with app.connection_for_write() as connection, connection.channel() as channel:
            for body in (b"rubbish", b"[]", b'{"type": "worker-heartbeat"}', b'{"type": 1}'):
                channel.basic_publish(
                    channel.prepare_message(body, content_type="application/json", content_encoding="utf-8"),
                    exchange="celeryev",
                    routing_key="worker.heartbeat",
                )
        worker("stock")
        listen(lambda: alive() == ["stock"])


class TestAnAlert:
    def test_about_a_worker_that_was_scaled_away_closes(self, heartbeats, owner, dead):
        owner("INSERT INTO alerts (kind, key, detail) VALUES ('worker_died', 'stock@here', '{}')")
        heartbeats.check(now=clock.now())
        assert dead() == ["stock"]  # a worker never heard of is not alive
        owner(f"UPDATE alerts SET opened_at = now() - interval '{DEAD_WORKER_ALERT_TTL.total_seconds() + 1} seconds'")
        heartbeats.check(now=clock.now())
        assert dead() == []


class TestWorkerSlot:
    @pytest.mark.parametrize(
        ("name", "slot"),
        [
            ("inventory-12@here", "inventory@here"),
            ("saga+payments-12@here", "saga+payments@here"),
            ("notification.events-7@here", "notification.events@here"),
            ("all-12@here", "all@here"),
            ("worker-orders-1@here", "worker-orders-1@here"),
            ("stock@here", "stock@here"),
        ],
    )
    def test_leaves_out_the_process_id_of_a_generated_name(self, name, slot):
        assert worker_slot(name) == slot
