"""Liveness, readiness and metrics."""

import os
import socket
import threading
from contextlib import ExitStack

import psycopg
import pytest
from sqlalchemy import create_engine

from api.health import checks
from kit import config, db
from kit.db import durability
from migrations import run as migrations
from tests import connections

NOT_DURABLE = "?options=-c%20synchronous_commit%3Doff"


@pytest.fixture
def broker_url(monkeypatch):
    def configure(url):
        monkeypatch.setenv("ORDERX_BROKER_URL", url)
        config.settings.cache_clear()

    yield configure
    config.settings.cache_clear()


@pytest.fixture
def answering():
    """A server that answers its first caller with the given bytes; its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve(answer):
            def talk():
                connection, _ = server.accept()
                with connection:
                    connection.recv(100)
                    connection.sendall(answer)

            threading.Thread(target=talk, daemon=True).start()
            return server.getsockname()[1]

        yield serve


@pytest.fixture
def all_connections_taken(database):
    """Requests hold every connection of the app's pool."""
    with ExitStack() as held:
        for _ in range(config.settings().pool_size):
            held.enter_context(db.app_engine().connect())
        yield


class TestAlive:
    def test_does_not_depend_on_other_services(self, api):
        assert api.get("/healthz").json == {"status": "ok"}


class TestReady:
    def test_is_ok_when_all_services_respond(self, api, broker_url, answering):
        broker_url(f"redis://127.0.0.1:{answering(b'+PONG')}/0")
        answer = api.get("/readyz")
        checks = {
            "database": "ok",
            "migrations": "ok",
            "broker": "ok",
            "durability": "relaxed",
            "rate_limits": "not configured",
        }
        assert answer.json == {"status": "ok", "checks": checks}

    def test_is_ok_immediately_after_the_database_has_closed_connections(self, api, database, broker_url, answering):
        broker_url(f"redis://127.0.0.1:{answering(b'+PONG')}/0")
        before = api.get("/readyz").status_code
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        with psycopg.connect(database, autocommit=True) as owner:
            owner.execute(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {others}")
        after = api.get("/readyz").status_code
        connections.close()  # what other tests have left in the pools is dead, too
        assert (before, after) == (200, 200)

    @pytest.mark.rabbitmq
    def test_recognizes_rabbitmq(self, api, broker_url, rabbitmq):
        broker_url(rabbitmq.url)
        assert api.get("/readyz").json["checks"]["broker"] == "ok"

    def test_is_degraded_without_a_broker(self, api, broker_url, closed_port):
        broker_url(f"amqp://127.0.0.1:{closed_port}//")
        answer = api.get("/readyz")
        assert (answer.status_code, answer.json["status"], answer.json["checks"]["broker"]) == (200, "degraded", "down")

    def test_is_degraded_while_a_node_of_the_broker_is_down(self, api, broker_url, answering, closed_port):
        broker_url(f"redis://127.0.0.1:{closed_port}/0;redis://127.0.0.1:{answering(b'+PONG')}/0")
        answer = api.get("/readyz")
        assert (answer.status_code, answer.json["status"]) == (200, "degraded")
        assert answer.json["checks"]["broker"] == "1 of 2 nodes respond"

    def test_refuses_another_kind_of_server_as_broker(self, api, broker_url, answering):
        broker_url(f"amqp://127.0.0.1:{answering(b'HTTP/1.1 400 Bad Request')}//")
        assert api.get("/readyz").json["checks"]["broker"] == "down"

    def test_is_degraded_when_the_database_is_not_durable(self, api, broker_url, answering, database, monkeypatch):
        monkeypatch.setenv("ORDERX_DURABILITY", "strict")
        monkeypatch.setenv("ORDERX_DATABASE_URL", os.environ["ORDERX_DATABASE_URL"] + NOT_DURABLE)
        broker_url(f"redis://127.0.0.1:{answering(b'+PONG')}/0")
        answer = api.get("/readyz")
        assert (answer.status_code, answer.json["status"]) == (200, "degraded")
        assert "synchronous_commit is off" in answer.json["checks"]["durability"]

    def test_caches_the_durability_check(self, api, monkeypatch):
        monkeypatch.setenv("ORDERX_DURABILITY", "strict")
        config.settings.cache_clear()
        asked = []
        monkeypatch.setattr(durability, "violations", lambda url, **_: asked.append(url) or [])
        monkeypatch.setattr(checks, "DURABILITY_CHECK_INTERVAL", 3600 * 24 * 365 * 100)
        checks._durability_violations.cache_clear()
        for _ in range(3):
            assert checks.durability_settings() == "ok"
        assert len(asked) == 1

    def test_fails_without_a_database(self, api, monkeypatch, closed_port):
        gone = create_engine(f"postgresql+psycopg://nobody@127.0.0.1:{closed_port}/none")
        monkeypatch.setattr(db, "probe_engine", lambda: gone)
        answer = api.get("/readyz")
        assert (answer.status_code, answer.json["code"]) == (503, "unavailable")
        assert "database down" in answer.json["detail"]

    def test_fails_while_the_database_does_not_respond(self, api, monkeypatch):
        monkeypatch.setattr(checks, "TIMEOUT", 0.2)
        with socket.create_server(("127.0.0.1", 0)) as silent:
            mute = create_engine(f"postgresql+psycopg://nobody@127.0.0.1:{silent.getsockname()[1]}/none")
            monkeypatch.setattr(db, "probe_engine", lambda: mute)
            answers = [api.get("/readyz") for _ in range(2)]
        assert [(each.status_code, "database down" in each.json["detail"]) for each in answers] == [(503, True)] * 2

    def test_is_ok_while_requests_use_all_connections(self, api, all_connections_taken):
        assert api.get("/readyz").json["checks"]["database"] == "ok"

    def test_fails_while_the_database_is_read_only(self, api):
        with db.probe_transaction():
            db.run("SET default_transaction_read_only = on", {})
        answers = [api.get("/readyz") for _ in range(2)]
        assert [answer.status_code for answer in answers] == [503, 200]
        assert "database read-only" in answers[0].json["detail"]

    def test_fails_before_the_migrations(self, api, monkeypatch):
        monkeypatch.setattr(migrations, "state", lambda _: "behind")
        answer = api.get("/readyz")
        assert answer.status_code == 503
        assert "migrations behind" in answer.json["detail"]


class TestReadyOnANewerDatabase:
    @pytest.fixture(autouse=True)
    def newer(self, database):
        with psycopg.connect(database, autocommit=True) as owner:
            [(newest,)] = owner.execute("SELECT version_num FROM alembic_version").fetchall()
            owner.execute("UPDATE alembic_version SET version_num = '9999'")
            yield owner
            owner.execute("UPDATE alembic_version SET version_num = %s", [newest])

    def test_is_ok(self, api):
        answer = api.get("/readyz")
        assert (answer.status_code, answer.json["checks"]["migrations"]) == (200, "newer")

    def test_fails_if_a_used_column_is_missing(self, api, newer):
        newer.execute("ALTER TABLE mails RENAME COLUMN retry_at TO retry")
        answer = api.get("/readyz")
        newer.execute("ALTER TABLE mails RENAME COLUMN retry TO retry_at")
        assert answer.status_code == 503
        assert "migrations newer, missing mails.retry_at" in answer.json["detail"]


class TestDatabaseGone:
    def test_asks_to_try_again(self, api, monkeypatch, closed_port):
        gone = create_engine(f"postgresql+psycopg://nobody@127.0.0.1:{closed_port}/none")
        monkeypatch.setattr(db, "app_engine", lambda: gone)
        answer = api.post("/api/auth/login", {"email": "ada@customers.example", "password": "x"})
        assert (answer.status_code, answer.json["code"]) == (503, "unavailable")
        assert "Retry-After" in answer.headers


class TestMetrics:
    def test_include_the_database_while_requests_use_all_connections(self, operator, all_connections_taken):
        assert "orderx_outbox_oldest_due_seconds" in operator.get("/metrics").text

    def test_count_requests_by_endpoint_and_status(self, api, operator):
        api.get("/api/me")
        api.get("/api/nothing-here")
        text = operator.get("/metrics").text
        assert 'orderx_http_requests_total{endpoint="me.get_me",method="GET",status="401"}' in text
        assert 'orderx_http_requests_total{endpoint="none",method="GET",status="404"}' in text
        assert 'orderx_http_request_duration_seconds_count{endpoint="me.get_me",method="GET"}' in text

    @pytest.mark.parametrize(
        ("token", "public_url", "peer", "status"),
        [
            (None, "http://localhost:8000", "127.0.0.1", 200),
            (None, "http://localhost:8000", "192.0.2.7", 401),
            (None, "https://orderx.example", "127.0.0.1", 401),  # a proxy of this machine, say
            ("only for the operator, not for you", "http://localhost:8000", "127.0.0.1", 401),
        ],
    )
    def test_are_limited_to_this_machine_without_a_token(self, api, monkeypatch, token, public_url, peer, status):
        monkeypatch.delenv("ORDERX_METRICS_TOKEN")
        if token:
            monkeypatch.setenv("ORDERX_METRICS_TOKEN", token)
        monkeypatch.setenv("ORDERX_PUBLIC_URL", public_url)
        config.settings.cache_clear()
        answer = api.get("/metrics", environ_overrides={"REMOTE_ADDR": peer})
        monkeypatch.undo()
        config.settings.cache_clear()
        assert answer.status_code == status
