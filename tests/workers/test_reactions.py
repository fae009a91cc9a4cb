import pytest

from domain.notifications.mailer import mailer
from domain.sales import operations as sales
from kit import clock, db
from kit.config import settings
from kit.ids import new_id
from kit.tenancy import Tenant
from tests import factories
from tests.inbox_process import running_inbox
from workers.reactions import REACTIONS, react

QUEUE = "notification.events"


@pytest.fixture
def inbox(database, tmp_path, monkeypatch):
    with running_inbox(tmp_path / "mails") as running:
        monkeypatch.setenv("ORDERX_SMTP_URL", running.smtp_url)
        settings.cache_clear()
        mailer.cache_clear()
        yield running
        mailer().close()
        mailer.cache_clear()
        settings.cache_clear()


@pytest.fixture
def order(database):
    company = factories.make_company()
    product = factories.make_product(factories.make_shop(company))
    factories.put_stock(product, factories.make_warehouse(company))
    return factories.make_order(product)


def fail(order) -> None:
    failure = {"code": "out_of_stock", "step": "reserve_stock", "detail": "none left"}
    with db.transaction(Tenant(company_id=order.company_id)):
        sales.mark_failed(failures={order.id: failure}, now=clock.now())


def an_event(order, kind: str) -> dict:
    return {"id": str(new_id()), "type": kind, "companyid": str(order.company_id), "data": {"order_id": str(order.id)}}


class TestReact:
    def test_tells_buyer_and_merchant_of_a_new_order(self, inbox, order):
        react(QUEUE, an_event(order, "order.created"))
        told = {(mail["to"], mail["occasion"]) for mail in inbox.messages()}
        occasion = f"order.created:{order.id}"
        assert told == {(order.customer_email, occasion), ("hello@paper.example", occasion)}

    @pytest.mark.parametrize("kind", sorted(REACTIONS[QUEUE]))
    def test_acts_once_however_often_it_hears(self, inbox, order, kind):
        fail(order)
        event = an_event(order, kind)
        react(QUEUE, event)
        first = inbox.messages()
        assert first
        react(QUEUE, event)
        react(QUEUE, an_event(order, kind))
        assert inbox.messages() == first

    def test_passes_over_what_it_does_not_know(self, inbox, order):
        react(QUEUE, an_event(order, "order.admired"))
        assert inbox.messages() == []

    def test_leaves_a_mail_that_cannot_go_out_for_the_sweeper(self, inbox, order, database):
        inbox.kill()
        react(QUEUE, an_event(order, "order.created"))
        inbox.restart()
        assert inbox.messages() == []
