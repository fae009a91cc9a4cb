import threading
from datetime import timedelta

import psycopg
import pytest

from domain.notifications import mail_queue, queries
from domain.notifications.errors import MailNotFound
from domain.notifications.mail_queue import LEASE, AlreadyDone, Claimed, LeasedElsewhere
from domain.notifications.models import Mail
from kit import db
from kit.ids import new_id
from kit.tenancy import Tenant
from tests.concurrency import run_concurrently
from tests.domain.notifications.example_order import CONTEXT
from tests.domain.notifications.placed_order import LATER, NOW, placed_order


@pytest.fixture
def stored(order, mail_id):
    return lambda: row_of(mail_id, order)


def row_of(mail_id, order) -> Mail:
    with db.transaction(Tenant(company_id=order.company_id)):
        session = db.session()
        return session.get(Mail, mail_id)


def wait_until_blocked(database, thread):
    """Return once the thread waits for a lock in the database, or has ended without."""
    blocked = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with psycopg.connect(database, autocommit=True) as connection:
        while thread.is_alive() and not connection.execute(blocked).fetchone():
            thread.join(0.01)


class TestEnqueueAndClaim:
    def test_stores_the_mail_and_claims_it(self, ask, order):
        claim = ask()
        assert isinstance(claim, Claimed)
        row = row_of(claim.mail.id, order)
        assert row.status == "sending"
        for mail in (claim.mail, row):
            assert (mail.attempts, mail.template, mail.leased_until) == (1, "order_received", LATER)

    def test_gives_the_context_without_storing_it(self, ask, order):
        mail = ask().mail
        assert mail.context == CONTEXT
        assert row_of(mail.id, order).context == {}

    def test_gives_the_context_with_each_claim(self, ask, stored):
        assert stored().context == {}
        assert ask(now=LATER).mail.context == CONTEXT

    def test_is_leased_to_one_caller(self, ask):
        ask()
        assert ask() == LeasedElsewhere(LATER)

    def test_claims_the_same_mail_again_after_its_lease(self, ask, mail_id):
        claim = ask()
        assert isinstance(claim, Claimed)
        assert (claim.mail.id, claim.mail.attempts) == (mail_id, 2)

    def test_gives_the_claim_to_one_of_concurrent_callers(self, ask):
        answers = run_concurrently(6, ask)
        assert sorted(type(answer).__name__ for answer in answers) == ["Claimed"] + ["LeasedElsewhere"] * 5

    def test_reports_a_sent_mail(self, ask, act, mail_id):
        act(mail_queue.mark_sent, mail_ids=[mail_id], now=NOW)
        assert ask() == AlreadyDone("sent")

    def test_writes_to_each_recipient_and_for_each_occasion(self, ask, mail_id):
        others = [ask(recipient="grace@x.example"), ask(occasion="payment.success:1")]
        assert len({mail_id, *(other.mail.id for other in others)}) == 3


class TestClaim:
    def test_gives_the_mail_to_send_and_counts_the_attempt(self, stored, claim):
        claimed = claim(NOW)
        assert isinstance(claimed, Claimed)
        assert (claimed.mail.recipient, claimed.mail.attempts) == ("ada@x.example", 2)
        assert (stored().status, stored().leased_until) == ("sending", NOW + timedelta(seconds=6))

    def test_reports_until_when_another_sender_has_the_claim(self, stored, claim):
        claim(NOW)
        assert claim(NOW + LEASE / 2) == LeasedElsewhere(LATER)
        assert stored().attempts == 2

    def test_makes_a_second_claim_wait_for_the_commit_of_the_first(self, database, order, mail_id, claim):
        answers = []
        second = threading.Thread(target=lambda: answers.append(claim(NOW)))
        with db.transaction(Tenant(company_id=order.company_id)):
            first = mail_queue.claim(mail_ids=[mail_id], now=NOW)[mail_id]
            second.start()
            wait_until_blocked(database, second)
        second.join()
        assert isinstance(first, Claimed)
        assert answers == [LeasedElsewhere(LATER)]

    def test_gives_it_again_once_the_lease_has_expired(self, claim):
        claim(NOW)
        claimed = claim(LATER)
        assert isinstance(claimed, Claimed)
        assert claimed.mail.attempts == 3

    def test_reports_a_sent_mail(self, act, mail_id, claim):
        act(mail_queue.mark_sent, mail_ids=[mail_id], now=NOW)
        assert claim(LATER) == AlreadyDone("sent")

    def test_reports_that_it_was_refused(self, act, mail_id, claim):
        act(mail_queue.mark_refused, mail_id=mail_id, error="550 unknown")
        assert claim(LATER) == AlreadyDone("refused")

    def test_raises_for_a_mail_of_another_company(self, mail_id):
        stranger = placed_order()
        with pytest.raises(MailNotFound), db.transaction(Tenant(company_id=stranger.company_id)):
            mail_queue.claim(mail_ids=[mail_id], now=NOW)


class TestOutcomes:
    @pytest.fixture(autouse=True)
    def claimed(self, claim):
        claim(NOW)

    def test_sent_records_the_time_and_ends_the_lease(self, act, mail_id, stored):
        act(mail_queue.mark_sent, mail_ids=[mail_id], now=LATER)
        mail = stored()
        assert (mail.status, mail.sent_at, mail.leased_until, mail.error) == ("sent", LATER, None, None)

    def test_sent_twice_keeps_the_first_time(self, act, mail_id, stored):
        act(mail_queue.mark_sent, mail_ids=[mail_id], now=NOW)
        act(mail_queue.mark_sent, mail_ids=[mail_id], now=LATER)
        assert stored().sent_at == NOW

    def test_refused_records_the_reason(self, act, mail_id, stored):
        act(mail_queue.mark_refused, mail_id=mail_id, error="550 unknown")
        assert (stored().status, stored().error, stored().leased_until) == ("refused", "550 unknown", None)

    def test_sent_outweighs_refused(self, act, mail_id, stored):
        act(mail_queue.mark_sent, mail_ids=[mail_id], now=NOW)
        act(mail_queue.mark_refused, mail_id=mail_id, error="550 unknown")
        assert (stored().status, stored().error) == ("sent", None)

    def test_released_can_be_claimed_at_once_and_records_the_reason(self, act, mail_id, stored, claim):
        act(mail_queue.release, mail_id=mail_id, attempt=2, error="451 later")
        assert (stored().status, stored().error) == ("queued", "451 later")
        assert isinstance(claim(NOW), Claimed)

    def test_released_late_does_not_end_the_lease_of_another(self, act, mail_id, claim):
        claim(LATER)
        act(mail_queue.release, mail_id=mail_id, attempt=2, error="timed out")
        assert claim(LATER) == LeasedElsewhere(LATER + LEASE)

    def test_released_after_it_was_sent_stays_sent(self, act, mail_id, stored):
        act(mail_queue.mark_sent, mail_ids=[mail_id], now=NOW)
        act(mail_queue.release, mail_id=mail_id, attempt=2, error="timed out")
        assert stored().status == "sent"


class TestMailsOfOrder:
    def test_lists_them_in_the_order_of_their_requests(self, order, act, ask):
        ids = [ask(occasion=f"{event}:{order.id}").mail.id for event in ("order.created", "payment.success")]
        mails = act(queries.mails_of_order, company_id=order.company_id, order_id=order.id)
        assert [mail.id for mail in mails] == ids

    def test_lists_none_of_another_order(self, act, order, ask):
        ask()
        assert act(queries.mails_of_order, company_id=order.company_id, order_id=new_id()) == []
