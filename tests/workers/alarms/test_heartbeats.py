"""A worker that falls silent sounds an alert: real workers on a real RabbitMQ, killed and frozen."""

import os
import sys
from datetime import timedelta

import pytest

from kit import clock
from ops.services.process import Process
from ops.services.readiness import line
from workers.alarms.heartbeats import LONGEST_MOURNED, SILENCE, Heartbeats, place_of


@pytest.fixture
def heartbeats(app):
    with app.connection_for_write() as connection:
        yield Heartbeats(connection)


@pytest.fixture
def worker(app, tmp_path):
    """Starts a worker; without a name it makes up its own."""
    started = []

    def start(name: str = "") -> Process:
        log = tmp_path / f"worker-{len(started)}.log"
        command = [sys.executable, "-m", "ops.cli", "worker", "--queues", "inventory", "--name", name]
        process = Process("worker", command, log=log, env=dict(os.environ), ready=line(" ready."))
        started.append(process)
        process.start()
        return process

    yield start
    for process in started:
        process.kill()


@pytest.fixture
def listen(heartbeats):
    """Listens until this is so; each time so much later than the last."""

    def listening(so, *, step: timedelta = timedelta()) -> None:
        for times in range(1000):
            heartbeats.look(now=clock.now() + times * step)
            if so():
                return
        raise AssertionError("it never came to be so")

    return listening


@pytest.fixture
def alive(heartbeats):
    return lambda: [name.partition("@")[0] for name in heartbeats._last_heard]


@pytest.fixture
def dead(open_alerts):
    return lambda: [key.partition("@")[0] for kind, key in open_alerts() if kind == "worker_died"]


class TestAWorker:
    def test_that_is_killed_sounds_an_alert_until_it_is_back(self, worker, listen, alive, dead):
        stock = worker("stock")
        listen(lambda: alive() == ["stock"])
        assert dead() == []
        stock.kill()
        listen(lambda: dead() == ["stock"], step=SILENCE)
        worker("stock")
        listen(lambda: alive() == ["stock"])
        assert dead() == []

    def test_that_takes_its_leave_sounds_none(self, worker, listen, heartbeats, alive, dead):
        stock = worker("stock")
        listen(lambda: alive() == ["stock"])
        stock.stop()
        listen(lambda: alive() == [])
        for later in range(1, 4):
            heartbeats.look(now=clock.now() + later * SILENCE)
        assert dead() == []

    def test_that_stands_still_and_goes_on_sounds_one_meanwhile(self, worker, listen, alive, dead):
        stock = worker("stock")
        listen(lambda: alive() == ["stock"])
        stock.freeze()
        listen(lambda: dead() == ["stock"], step=SILENCE)
        stock.thaw()
        listen(lambda: dead() == [])

    def test_without_a_name_of_its_own_is_replaced_by_the_next_one_in_its_place(self, worker, listen, alive, dead):
        first = worker()
        listen(lambda: len(alive()) == 1)
        first.kill()
        listen(lambda: len(dead()) == 1, step=SILENCE)
        worker()
        listen(lambda: dead() == [])


class TestWhatIsNoHeartbeat:
    @pytest.mark.parametrize("body", [b"rubbish", b"[]", b'{"type": "worker-heartbeat"}', b'{"type": 1}'])
    def test_makes_nobody_deaf_to_the_next(self, app, heartbeats, worker, listen, alive, body):
        with app.connection_for_write() as connection, connection.channel() as channel:
            channel.basic_publish(
                channel.prepare_message(body, content_type="application/json", content_encoding="utf-8"),
                exchange="celeryev",
                routing_key="worker.heartbeat",
            )
        worker("stock")
        listen(lambda: alive() == ["stock"])


class TestAnAlert:
    def test_about_a_worker_that_was_scaled_away_ends(self, heartbeats, owner, dead):
        owner("INSERT INTO alerts (kind, key, detail) VALUES ('worker_died', 'stock@here', '{}')")
        heartbeats.look(now=clock.now())
        assert dead() == ["stock"]  # nobody has heard of it, which is no sign of life
        owner(f"UPDATE alerts SET opened_at = now() - interval '{LONGEST_MOURNED.total_seconds() + 1} seconds'")
        heartbeats.look(now=clock.now())
        assert dead() == []


class TestPlaceOf:
    @pytest.mark.parametrize(
        ("name", "place"),
        [
            ("inventory-12@here", "inventory@here"),
            ("saga+payments-12@here", "saga+payments@here"),
            ("notification.events-7@here", "notification.events@here"),
            ("all-12@here", "all@here"),
            ("worker-orders-1@here", "worker-orders-1@here"),
            ("stock@here", "stock@here"),
        ],
    )
    def test_leaves_out_the_process_id_of_a_name_that_was_made_up(self, name, place):
        assert place_of(name) == place
