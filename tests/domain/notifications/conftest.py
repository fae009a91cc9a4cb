import pytest

from domain.notifications import mail_queue
from domain.notifications.mail_queue import MailRequest
from kit import db
from kit.tenancy import Tenant
from tests.domain.notifications.example_order import CONTEXT
from tests.domain.notifications.placed_order import LONG_AGO, NOW, placed_order


@pytest.fixture
def order(database):
    return placed_order()


@pytest.fixture
def act(order):
    """Run one operation in a transaction of the order's company."""

    def run(operation, **arguments):
        with db.transaction(Tenant(company_id=order.company_id)):
            return operation(**arguments)

    return run


@pytest.fixture
def ask(order, act):
    def run(recipient="ada@x.example", occasion=f"order.created:{order.id}", now=NOW):
        wanted = MailRequest(order.id, occasion, recipient, "order_received", CONTEXT)
        return act(mail_queue.enqueue_and_claim, company_id=order.company_id, requests=[wanted], now=now)[
            occasion, recipient
        ]

    return run


@pytest.fixture
def mail_id(ask):
    """A mail whose lease has expired."""
    return ask(now=LONG_AGO).mail.id


@pytest.fixture
def claim(act, mail_id):
    def run(now):
        return act(mail_queue.claim, mail_ids=[mail_id], now=now)[mail_id]

    return run
