"""Every alert is told until it is heard, and once it is over that is told, too."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from kit import alerts, db
from kit.process import logs
from tests import webhook
from tests.webhook import is_genuine
from workers.alarms.telling import MOST, Webhook, tell

OPENED, CLOSED = ("alert_opened", "outbox_overdue", "outbox"), ("alert_closed", "outbox_overdue", "outbox")


@pytest.fixture
def sound(database):
    def sounding(*keys):
        with db.operator_transaction():
            alerts.trigger("outbox_overdue", {key: {"seconds": 31} for key in keys})

    return sounding


@pytest.fixture
def close(database):
    def closing(*keys):
        with db.operator_transaction():
            alerts.close("outbox_overdue", keys)

    return closing


@pytest.fixture
def pause_is_over(owner):
    return lambda: owner("UPDATE alerts SET tell_at = now()")


@pytest.fixture
def lines(capsys):
    """The events logged since last asked."""

    def read():
        said = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
        return [(line["level"], line["event"]) for line in said]

    return read


@pytest.fixture(autouse=True)
def logged():
    logs.configure()


class TestAnAlert:
    def test_is_posted_signed_and_logged_as_an_error(self, sound, hook, receiver, lines):
        sound("outbox")
        tell(hook)
        [told] = receiver.told
        assert (told["event"], told["kind"], told["key"], told["detail"]) == (*OPENED, {"seconds": 31})
        assert (told["closed_at"], told["opened_at"][-6:]) == (None, "+00:00")
        assert is_genuine(*receiver.signatures[0])
        assert lines() == [("error", "alert_opened")]

    def test_is_told_once(self, sound, hook, receiver):
        sound("outbox")
        for _ in range(3):
            sound("outbox")
            tell(hook)
        assert receiver.events() == [OPENED]

    def test_is_told_once_by_any_number_of_tellers(self, sound, hook, receiver):
        sound(*map(str, range(MOST)))
        with ThreadPoolExecutor(4) as tellers:
            list(tellers.map(tell, [hook] * 4))
        assert sorted(key for _, _, key in receiver.events()) == [str(number) for number in range(MOST)]

    def test_that_is_over_is_told_as_closed(self, sound, close, hook, receiver, lines):
        sound("outbox")
        tell(hook)
        close("outbox")
        tell(hook)
        tell(hook)
        assert receiver.events() == [OPENED, CLOSED]
        assert receiver.told[0]["id"] == receiver.told[1]["id"]
        assert receiver.told[1]["closed_at"]
        assert lines() == [("error", "alert_opened"), ("info", "alert_closed")]

    def test_that_was_over_before_it_could_be_told_is_told_in_order(self, sound, close, hook, receiver):
        sound("outbox")
        close("outbox")
        tell(hook)
        assert receiver.events() == [OPENED, CLOSED]

    def test_that_comes_back_is_another_one(self, sound, close, hook, receiver):
        for _ in range(2):
            sound("outbox")
            tell(hook)
            close("outbox")
            tell(hook)
        assert receiver.events() == [OPENED, CLOSED] * 2
        assert len({told["id"] for told in receiver.told}) == 2


class TestAReceiverThatDoesNotHear:
    @pytest.mark.parametrize("status", [500, 429, 404, 302])
    def test_is_told_again_after_a_pause_and_logged_to_once(self, sound, hook, receiver, pause_is_over, lines, status):
        receiver.status = status
        sound("outbox")
        tell(hook)
        tell(hook)
        assert len(receiver.refused) == 1
        assert lines() == [("error", "alert_opened"), ("warning", "alert_not_told")]
        pause_is_over()
        receiver.status = 200
        tell(hook)
        assert receiver.events() == [OPENED]
        assert lines() == []

    def test_is_waited_for_longer_each_time(self, sound, hook, receiver, pause_is_over, owner):
        receiver.status = 503
        sound("outbox")
        pauses = []
        for _ in range(10):
            pause_is_over()
            tell(hook)
            pauses += owner("SELECT round(extract(epoch FROM tell_at - now()))::int FROM alerts")
        assert pauses == [(seconds,) for seconds in (2, 4, 8, 16, 32, 64, 128, 256, 300, 300)]

    def test_is_not_asked_about_the_next_one_in_the_same_round(self, sound, hook, receiver):
        receiver.status = 503
        sound("one", "two")
        tell(hook)
        assert len(receiver.refused) == 1

    def test_may_be_gone_and_its_address_is_in_no_log(self, sound, receiver, pause_is_over, hook, capsys):
        with webhook.listening() as gone:
            pass
        sound("outbox")
        tell(Webhook(gone.url, webhook.SECRET))
        assert "hush" not in capsys.readouterr().out
        pause_is_over()
        tell(hook)
        assert receiver.events() == [OPENED]

    def test_holds_nothing_up_that_is_told_by_another_when_its_teller_dies(self, sound, hook, receiver, pause_is_over):
        class Killed(BaseException):
            pass

        class Dying:
            def post(self, news):
                raise Killed

        sound("outbox")
        with pytest.raises(Killed):
            tell(Dying())
        tell(hook)
        assert receiver.told == []  # as far as anybody knows it is being told
        pause_is_over()
        tell(hook)
        assert receiver.events() == [OPENED]


class TestWithoutAWebhook:
    def test_the_log_is_told(self, sound, close, lines):
        sound("outbox")
        tell(None)
        close("outbox")
        tell(None)
        tell(None)
        assert lines() == [("error", "alert_opened"), ("info", "alert_closed")]
