from collections.abc import Iterator

import pytest

from kit import db
from kit.config import settings
from workers.app import create_app
from workers.publisher import Publisher
from workers.queues import ALL, DEAD_LETTERS


@pytest.fixture
def app(database, rabbitmq, monkeypatch):
    """The Celery app on empty queues and an empty database."""
    monkeypatch.setenv("ORDERX_BROKER_URL", rabbitmq.url)
    settings.cache_clear()
    app = create_app()
    with app.connection_for_write() as connection, connection.channel() as channel:
        for queue in (*ALL, DEAD_LETTERS):
            queue(channel).declare()
            queue(channel).purge()
    yield app
    app.close()
    settings.cache_clear()


@pytest.fixture
def publisher(app, rabbitmq) -> Iterator[Publisher]:
    publisher = Publisher(rabbitmq.url)
    yield publisher
    publisher.close()


@pytest.fixture
def waiting(app):
    """Takes what waits in a queue: its messages, in order."""

    def take(name: str) -> list:
        queue = next(queue for queue in (*ALL, DEAD_LETTERS) if queue.name == name)
        with app.connection_for_write() as connection, connection.channel() as channel:
            return list(iter(lambda: queue(channel).get(no_ack=True), None))

    return take


@pytest.fixture
def outbox_rows():
    """How many rows the outbox holds, and how many of them are due."""

    def count() -> tuple[int, int]:
        with db.operator_transaction() as session:
            query = "SELECT count(*), count(*) FILTER (WHERE available_at <= now()) FROM outbox"
            return tuple(session.connection().exec_driver_sql(query).one())

    return count
