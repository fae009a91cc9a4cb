import itertools
from collections import Counter

import pytest

from domain.notifications.mailer import mailer
from domain.sales import order_status
from kit import clock, db
from kit.config import settings
from kit.ids import new_id
from kit.messaging import outbox
from kit.tenancy import Tenant
from saga.reactions.definition import AfterCommit, reaction
from saga.reactions.table import REACTIONS
from tests import factories
from tests.inbox_process import running_inbox
from tests.workers.events.deliveries import QUEUE, an_event, handled
from workers.events.reactions import process

OPTIONAL = {"companyid", "sequence", "requestid", "traceparent", "correlationid", "causationid", "hops"}
ATTRIBUTES = OPTIONAL | {"id", "type", "subject", "data"}

pytestmark = pytest.mark.undeclared_events  # reactions get any


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


def fail(order) -> None:
    failure = {"code": "out_of_stock", "step": "reserve_stock", "detail": "none left"}
    with db.transaction(Tenant(company_id=order.company_id)):
        order_status.mark_failed(failures={order.id: failure}, now=clock.now())


class TestProcess:
    @pytest.mark.parametrize("kind", sorted(REACTIONS[QUEUE]))
    def test_sends_mails_to_buyer_and_merchant(self, inbox, order, kind):
        fail(order)
        process(QUEUE, [an_event(order, kind)])
        mails = {(mail["to"], mail["occasion"]) for mail in inbox.messages()}
        occasion = f"{kind}:{order.id}"
        assert mails == {(order.customer_email, occasion), ("hello@paper.example", occasion)}

    @pytest.mark.parametrize("kind", sorted(REACTIONS[QUEUE]))
    def test_reacts_once_to_a_repeated_event(self, inbox, order, kind):
        fail(order)
        event = an_event(order, kind)
        process(QUEUE, [event])
        first = inbox.messages()
        assert first
        process(QUEUE, [event])
        process(QUEUE, [an_event(order, kind)])
        assert inbox.messages() == first

    def test_skips_unknown_events(self, inbox, order):
        process(QUEUE, [an_event(order, "order.admired")])
        assert inbox.messages() == []

    def test_leaves_a_mail_that_cannot_go_out_for_the_sweeper(self, inbox, order, database):
        inbox.kill()
        process(QUEUE, [an_event(order, "order.created")])
        inbox.restart()
        assert inbox.messages() == []


class TestHandleMessages:
    @pytest.fixture
    def others(self, database):
        """An order of another company."""
        company = factories.make_company(name="Pens & Co")
        product = factories.make_product(factories.make_shop(company))
        factories.put_stock(product, factories.make_warehouse(company))
        return factories.make_order(product)

    def test_processes_a_batch_with_events_of_several_companies(self, inbox, order, others):
        events = [an_event(order, "order.created"), an_event(others, "order.created"), an_event(order, "order.created")]
        assert handled(*events, an_event(order, "order.admired")) == ["acknowledged"] * 4
        assert Counter(mail["occasion"] for mail in inbox.messages()) == {
            f"order.created:{order.id}": 2,
            f"order.created:{others.id}": 2,
        }

    def test_requeues_only_the_events_that_fail(self, inbox, order, others):
        lost = an_event(order, "order.created", data={"order_id": str(new_id())})
        events = [an_event(order, "order.created"), lost, {"no": "event"}, an_event(others, "order.created")]
        assert handled(*events) == ["acknowledged", "requeued", "requeued", "acknowledged"]
        assert len(inbox.messages()) == 4

    def test_reacts_once_to_an_event_repeated_in_another_batch(self, inbox, order, others):
        event = an_event(order, "order.created")
        handled(event)
        first = inbox.messages()
        assert handled(an_event(others, "order.created"), event) == ["acknowledged", "acknowledged"]
        assert len(inbox.messages()) == len(first) + 2

    def test_requeues_what_is_no_event(self, order):
        event = an_event(order, "order.created").as_json()
        invalid = [{**event, name: "?"} for name in ("id", "subject", "companyid")]
        invalid += [{n: value for n, value in event.items() if n != missing} for missing in ("id", "type", "data")]
        assert handled(*invalid, [], "text") == ["requeued"] * 8

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            *itertools.product(sorted(ATTRIBUTES), [-1.5, True, [], [["a", 1]]]),
            *itertools.product(sorted(ATTRIBUTES - {"sequence", "hops"}), [5]),
            *itertools.product(sorted(ATTRIBUTES - {"data"}), [{}, {"a": [{}]}]),
            *itertools.product(sorted(ATTRIBUTES - {"type", "requestid", "traceparent"}), ["", "?"]),
        ],
    )
    def test_requeues_a_message_with_an_unreadable_attribute_and_no_other(self, order, noted, name, value):
        unreadable = {**an_event(order, "test.happened").as_json(), name: value}
        assert handled(unreadable, an_event(order, "test.happened")) == ["requeued", "acknowledged"]

    @pytest.mark.parametrize("name", sorted(OPTIONAL))
    def test_takes_null_for_an_absent_attribute(self, order, noted, name):
        event = an_event(order, "test.happened", company_id=None)
        assert handled({**event.as_json(), name: None}) == ["acknowledged"]

    @pytest.mark.parametrize("name", sorted(ATTRIBUTES - OPTIONAL))
    def test_requeues_a_message_whose_required_attribute_is_null(self, order, noted, name):
        assert handled({**an_event(order, "test.happened").as_json(), name: None}) == ["requeued"]


@pytest.fixture
def noted(monkeypatch):
    """Declares reactions to `test.happened` and `test.ended`; the batches that they get, and the work they return."""
    batches, work = [], []
    reactions = REACTIONS[QUEUE]

    def note(events, now):
        batches.append([event.subject for event in events])
        return AfterCommit(work.append, [event.type for event in events])

    for event_type in ("test.happened", "test.ended"):
        monkeypatch.setitem(reactions, event_type, note)
    return batches, work


class TestReactionsOfAnyArea:
    def test_get_the_events_of_one_company_together(self, order, noted):
        batches, _ = noted
        other = factories.make_company()
        ours = [an_event(order, "test.happened", subject=new_id()) for _ in range(3)]
        theirs = an_event(order, "test.happened", company_id=other.id)
        assert handled(*ours, theirs) == ["acknowledged"] * 4
        assert batches == [[event.subject for event in ours], [theirs.subject]]

    def test_get_the_events_without_a_company_user_by_user(self, order, noted, database):
        batches, _ = noted
        ada, ben = new_id(), new_id()
        events = [an_event(order, "test.happened", company_id=None, subject=user) for user in (ada, ben, ada)]
        assert handled(*events) == ["acknowledged"] * 3
        assert handled(*events) == ["acknowledged"] * 3
        assert batches == [[ada, ada], [ben]]

    def test_have_their_work_done_together_after_the_commit(self, order, noted):
        _, work = noted
        handled(an_event(order, "test.happened"), an_event(order, "test.ended"), an_event(order, "test.happened"))
        assert work == [["test.happened", "test.happened", "test.ended"]]

    def test_write_with_the_record_that_the_event_is_processed_or_not_at_all(self, order, noted, monkeypatch, owner):
        def fail_after_writing(events, now):
            outbox.send("task", {"task": "inventory.nothing"}, company_id=order.company_id)
            raise RuntimeError

        monkeypatch.setitem(REACTIONS[QUEUE], "test.happened", fail_after_writing)
        event = an_event(order, "test.happened")
        assert handled(event) == ["requeued"]
        assert owner(f"SELECT FROM inbox WHERE event_id = '{event.id}'") == []
        assert owner("SELECT FROM outbox WHERE body->>'task' = 'inventory.nothing'") == []

    def test_are_declared_once_for_each_consumer_and_type(self):
        with pytest.raises(TypeError, match=r"notification\.events has two reactions to order\.created"):
            reaction(QUEUE, "order.created")(lambda _events, _now: None)
