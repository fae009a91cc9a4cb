import pytest

from domain.notifications import operations, queries
from domain.notifications.operations import Claimed, Leased, Settled, Wanted
from tests.domain.notifications.at_once import at_once
from tests.domain.notifications.example import CONTEXT
from tests.domain.notifications.placed import LATER, LONG_AGO, NOW


class TestAskForMany:
    @pytest.fixture
    def ask_for(self, order, act):
        def run(*recipients, now=NOW):
            wanted = [Wanted(order.id, "order.created:1", each, "order_received", CONTEXT) for each in recipients]
            return act(operations.ask, company_id=order.company_id, wanted=wanted, now=now)

        return run

    def test_claims_what_is_new_and_what_was_left_and_nothing_else(self, ask_for, act):
        [sent] = ask_for("sent@x.example", now=LONG_AGO)
        act(operations.mark_sent, mail_ids=[sent.mail.id], now=LONG_AGO)
        [left] = ask_for("left@x.example", now=LONG_AGO)
        ask_for("leased@x.example")
        claims = ask_for("new@x.example", "sent@x.example", "leased@x.example", "left@x.example")
        mine = {claim.mail.recipient: claim.mail for claim in claims if isinstance(claim, Claimed)}
        assert mine.keys() == {"new@x.example", "left@x.example"}
        assert (mine["left@x.example"].id, mine["left@x.example"].attempts) == (left.mail.id, 2)
        assert [claim for claim in claims if not isinstance(claim, Claimed)] == [Settled("sent"), Leased(LATER)]

    def test_claims_what_is_wanted_twice_once(self, ask_for):
        [claim] = ask_for("ada@x.example", "ada@x.example", now=LONG_AGO)
        assert isinstance(claim, Claimed)
        [again] = ask_for("ada@x.example", "ada@x.example")
        assert (again.mail.id, again.mail.attempts) == (claim.mail.id, 2)

    def test_gives_each_to_one_of_all_who_ask_for_some_of_them_at_once(self, ask_for):
        names = [f"{number}@x.example" for number in range(10)]
        wishes = [names, names[::-1], names[::2], names[::-3]]
        answers = at_once(len(wishes), lambda: ask_for(*wishes.pop()))
        mine = [claim.mail.recipient for claims in answers for claim in claims if isinstance(claim, Claimed)]
        assert sorted(mine) == names


class TestMany:
    @pytest.fixture
    def mails(self, ask):
        return [ask(recipient=f"{name}@x.example", now=LONG_AGO).mail for name in ("ada", "grace", "olga")]

    def test_are_claimed_but_those_of_others(self, act, mails):
        ids = [mail.id for mail in mails]
        act(operations.claim, mail_ids=ids[:1], now=NOW)
        act(operations.mark_sent, mail_ids=ids[1:2], now=NOW)
        first, second, third = sorted(act(operations.claim, mail_ids=ids, now=NOW), key=lambda claim: str(type(claim)))
        assert (first.mail.id, second, third) == (ids[2], Leased(LATER), Settled("sent"))

    def test_are_renewed_but_those_of_others(self, act, mails):
        ids = [mail.id for mail in mails]
        act(operations.claim, mail_ids=ids[:1], now=NOW)
        act(operations.mark_sent, mail_ids=ids[1:2], now=NOW)
        assert act(operations.renew, attempts=dict.fromkeys(ids, 1), now=NOW) == {ids[2]: LATER}

    def test_are_marked_together(self, order, act, mails):
        act(operations.mark_sent, mail_ids=[mail.id for mail in mails], now=NOW)
        stored = act(queries.mails_of_order, company_id=order.company_id, order_id=order.id)
        assert [(mail.status, mail.sent_at) for mail in stored] == [("sent", NOW)] * 3
