"""No process starts on servers that may lose confirmed data."""

import psycopg
import pytest
from kombu import Connection, Queue

from kit.config import settings
from kit.errors import NotConfigured
from workers import durability, queues

pytestmark = pytest.mark.processes


@pytest.fixture
def weak_database(database):
    """A database that confirms a commit before it is on disk; its name."""
    with psycopg.connect(database, autocommit=True) as owner:
        name = owner.info.dbname
        owner.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
        yield name
        owner.execute(f"ALTER DATABASE {name} RESET synchronous_commit")


@pytest.fixture
def strict(monkeypatch):
    monkeypatch.setenv("ORDERX_DURABILITY", "strict")
    settings.cache_clear()
    yield
    settings.cache_clear()


class TestRequireDurable:
    @pytest.mark.parametrize("setting", ["database_url", "operator_database_url"])
    def test_refuses_a_database_that_may_lose_commits(self, weak_database, strict, setting):
        with pytest.raises(durability.NotDurable, match=r"synchronous_commit is off.*ORDERX_DURABILITY=relaxed"):
            durability.require_durable(setting)

    def test_allows_it_with_relaxed_durability(self, weak_database):
        durability.require_durable("database_url")

    def test_does_not_wait_for_a_database_that_is_down(self, strict, monkeypatch):
        monkeypatch.setenv("ORDERX_DATABASE_URL", "postgresql://app:x@127.0.0.1:1/orderx")
        settings.cache_clear()
        durability.require_durable("database_url")

    @pytest.mark.parametrize("name", ["relay", "sweeper", "worker"])
    def test_keeps_the_process_from_starting_and_says_why_in_one_line(self, weak_database, strict, run_command, name):
        code, printed = run_command(name, env={"ORDERX_BROKER_URL": "amqp://127.0.0.1:1//"})
        assert code == 1
        assert printed.startswith("orderx: PostgreSQL may lose confirmed orders: ")
        assert "synchronous_commit is off" in printed
        assert printed.count("\n") == 1


@pytest.fixture
def classic_queue(rabbitmq):
    """The queue `payments` with other arguments, as declared by hand."""
    with Connection(rabbitmq.url) as connection, connection.channel() as channel:
        channel.queue_delete("payments")
        Queue("payments", queues.TASK_EXCHANGE, durable=True)(channel).declare()
        yield rabbitmq.url
        channel.queue_delete("payments")


class TestDeclare:
    def test_names_the_queue_with_other_arguments(self, classic_queue):
        with (
            Connection(classic_queue) as connection,
            pytest.raises(NotConfigured, match="the broker's queue 'payments'"),
        ):
            queues.declare(connection.channel())

    @pytest.mark.parametrize("name", ["relay", "worker"])
    def test_keeps_the_process_from_starting_and_says_why_in_one_line(self, database, classic_queue, run_command, name):
        code, printed = run_command(name, env={"ORDERX_BROKER_URL": classic_queue})
        assert code == 1
        assert printed.startswith("orderx: the broker's queue 'payments' has other arguments than OrderX declares: ")
        assert "inequivalent arg" in printed
        assert printed.count("\n") == 1
