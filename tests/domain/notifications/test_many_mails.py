import pytest

from domain.notifications import mail_queue, queries
from domain.notifications.mail_queue import AlreadyDone, Claimed, LeasedElsewhere, MailRequest
from tests.concurrency import run_concurrently
from tests.domain.notifications.example_order import CONTEXT
from tests.domain.notifications.placed_order import LATER, LONG_AGO, NOW


class TestAskForMany:
    @pytest.fixture
    def ask_for(self, order, act):
        def run(*recipients, now=NOW):
            wanted = [MailRequest(order.id, "order.created:1", each, "order_received", CONTEXT) for each in recipients]
            claims = act(mail_queue.enqueue_and_claim, company_id=order.company_id, requests=wanted, now=now)
            return {recipient.partition("@")[0]: claim for (_, recipient), claim in claims.items()}

        return run

    def test_claims_new_and_abandoned_mails_only(self, ask_for, act):
        before = ask_for("sent@x.example", "left@x.example", now=LONG_AGO)
        act(mail_queue.mark_sent, mail_ids=[before["sent"].mail.id], now=LONG_AGO)
        ask_for("leased@x.example")
        claims = ask_for("new@x.example", "sent@x.example", "leased@x.example", "left@x.example")
        new, left = claims.pop("new"), claims.pop("left")
        assert claims == {"sent": AlreadyDone("sent"), "leased": LeasedElsewhere(LATER)}
        assert (new.mail.recipient, new.mail.attempts) == ("new@x.example", 1)
        assert (left.mail.id, left.mail.attempts) == (before["left"].mail.id, 2)

    def test_claims_a_mail_that_is_requested_twice_once(self, ask_for):
        first = ask_for("ada@x.example", "ada@x.example", now=LONG_AGO)["ada"]
        again = ask_for("ada@x.example", "ada@x.example")["ada"]
        assert (again.mail.id, again.mail.attempts) == (first.mail.id, 2)

    def test_gives_each_mail_to_one_of_concurrent_callers(self, ask_for):
        addresses = [f"{name}@x.example" for name in "abcdefghij"]
        wishes = [addresses, addresses[::-1], addresses[::2], addresses[::-3]]
        answers = run_concurrently(len(wishes), lambda: ask_for(*wishes.pop()))
        mine = [name for claims in answers for name, claim in claims.items() if isinstance(claim, Claimed)]
        assert sorted(mine) == list("abcdefghij")


class TestMany:
    @pytest.fixture
    def mails(self, ask):
        return [ask(recipient=f"{name}@x.example", now=LONG_AGO).mail for name in ("ada", "grace", "olga")]

    def test_are_claimed_unless_leased_elsewhere(self, act, mails):
        ids = [mail.id for mail in mails]
        act(mail_queue.claim, mail_ids=ids[:1], now=NOW)
        act(mail_queue.mark_sent, mail_ids=ids[1:2], now=NOW)
        claims = act(mail_queue.claim, mail_ids=ids, now=NOW)
        assert isinstance(claims.pop(ids[2]), Claimed)
        assert claims == {ids[0]: LeasedElsewhere(LATER), ids[1]: AlreadyDone("sent")}

    def test_are_renewed_unless_leased_elsewhere(self, act, mails):
        ids = [mail.id for mail in mails]
        act(mail_queue.claim, mail_ids=ids[:1], now=NOW)
        act(mail_queue.mark_sent, mail_ids=ids[1:2], now=NOW)
        assert act(mail_queue.renew_leases, attempts=dict.fromkeys(ids, 1), now=NOW) == {ids[2]: LATER}

    def test_are_marked_together(self, order, act, mails):
        act(mail_queue.mark_sent, mail_ids=[mail.id for mail in mails], now=NOW)
        stored = act(queries.mails_of_order, company_id=order.company_id, order_id=order.id)
        assert [(mail.status, mail.sent_at) for mail in stored] == [("sent", NOW)] * 3
