from collections.abc import Iterator

import amqp
import psycopg
import pytest

from kit import db
from kit.config import settings
from tests.saga.order_scenario import OrderScenario
from tests.waiting import until
from workers.app import create_app
from workers.outbox.publisher import Publisher
from workers.queues import ALL, DEAD_LETTER_QUEUE


@pytest.fixture
def app(database, rabbitmq, monkeypatch):
    """The Celery app on empty queues and an empty database."""
    monkeypatch.setenv("ORDERX_BROKER_URL", rabbitmq.url)
    settings.cache_clear()
    app = create_app()
    until(lambda: _emptied(app), "the queues have found no leader")
    yield app
    app.close()
    settings.cache_clear()


def _emptied(app) -> bool:
    try:
        with app.connection_for_write() as connection, connection.channel() as channel:
            for queue in (*ALL, DEAD_LETTER_QUEUE):
                queue(channel).declare()
                queue(channel).purge()
    except amqp.InternalError:  # a node that was started a moment ago, by another test say, still elects its leaders
        return False
    return True


@pytest.fixture
def publisher(app, rabbitmq) -> Iterator[Publisher]:
    with Publisher(rabbitmq.url) as publisher:
        yield publisher


@pytest.fixture
def waiting(app):
    """Takes what waits in a queue: its messages, in order."""

    def take(name: str) -> list:
        with app.connection_for_write() as connection, connection.channel() as channel:
            found = iter(lambda: channel.basic_get(name, no_ack=True), None)
            return [channel.message_to_python(message) for message in found]

    return take


@pytest.fixture
def outbox_rows():
    """How many rows the outbox holds, and how many of them are due."""

    def count() -> tuple[int, int]:
        with db.operator_transaction():
            session = db.session()
            query = "SELECT count(*), count(*) FILTER (WHERE available_at <= now()) FROM outbox"
            return tuple(session.connection().exec_driver_sql(query).one())

    return count


@pytest.fixture
def owner(database):
    """Runs a statement as the schema's owner."""

    def run(statement: str) -> list[tuple]:
        with psycopg.connect(database, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    return run


@pytest.fixture
def front(database):
    return OrderScenario(database)


@pytest.fixture
def outside_world(provider, mail_server):
    """The payment provider and the mail server, for tests that run whole steps."""
