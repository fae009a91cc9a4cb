import pytest
from kombu import Connection

from kit import db
from kit.messaging import outbox
from kit.tenancy import Tenant
from tests import factories
from workers.queues import ALL


@pytest.fixture
def send(app):
    company_id = factories.make_company().id
    with db.operator_transaction():
        session = db.session()
        session.connection().exec_driver_sql("DELETE FROM outbox")

    def into_the_outbox(kind: str, *bodies: dict, at=None) -> None:
        with db.transaction(Tenant(company_id=company_id)):
            for body in bodies:
                outbox.send(kind, body, company_id=company_id, available_at=at)

    return into_the_outbox


@pytest.fixture
def arrives(rabbitmq):
    """Waits for the next message in `inventory`; returns its id."""
    (queue,) = (queue for queue in ALL if queue.name == "inventory")
    with Connection(rabbitmq.url) as connection, connection.SimpleQueue(queue, no_ack=True) as messages:
        yield lambda: messages.get(timeout=30).headers["id"]
