"""Every alert is delivered until the webhook accepts it, and so is its closing."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from kit import alerts, db
from kit.process import logs
from tests import webhook
from tests.webhook import is_genuine
from workers.alerts.delivery import MAX_PER_ROUND, Webhook, deliver

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
    return lambda: owner("UPDATE alerts SET next_delivery_at = now()")


@pytest.fixture
def lines(capsys):
    """The events logged since the last call."""

    def read():
        entries = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
        return [(line["level"], line["event"]) for line in entries]

    return read


@pytest.fixture(autouse=True)
def logged():
    logs.configure()


class TestAnAlert:
    def test_is_posted_signed_and_logged_as_an_error(self, sound, hook, receiver, lines):
        sound("outbox")
        deliver(hook)
        [alert] = receiver.accepted
        assert (alert["event"], alert["kind"], alert["key"], alert["detail"]) == (*OPENED, {"seconds": 31})
        assert (alert["closed_at"], alert["opened_at"][-6:]) == (None, "+00:00")
        assert is_genuine(*receiver.signatures[0])
        assert lines() == [("error", "alert_opened")]

    def test_is_delivered_once(self, sound, hook, receiver):
        sound("outbox")
        for _ in range(3):
            sound("outbox")
            deliver(hook)
        assert receiver.events() == [OPENED]

    def test_is_delivered_once_by_any_number_of_sweepers(self, sound, hook, receiver):
        sound(*map(str, range(MAX_PER_ROUND)))
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(deliver, [hook] * 4))
        assert sorted(key for _, _, key in receiver.events()) == [str(number) for number in range(MAX_PER_ROUND)]

    def test_that_is_closed_is_delivered_as_closed(self, sound, close, hook, receiver, lines):
        sound("outbox")
        deliver(hook)
        close("outbox")
        deliver(hook)
        deliver(hook)
        assert receiver.events() == [OPENED, CLOSED]
        assert receiver.accepted[0]["id"] == receiver.accepted[1]["id"]
        assert receiver.accepted[1]["closed_at"]
        assert lines() == [("error", "alert_opened"), ("info", "alert_closed")]

    def test_that_was_closed_before_its_delivery_is_delivered_in_order(self, sound, close, hook, receiver):
        sound("outbox")
        close("outbox")
        deliver(hook)
        assert receiver.events() == [OPENED, CLOSED]

    def test_that_opens_again_is_another_one(self, sound, close, hook, receiver):
        for _ in range(2):
            sound("outbox")
            deliver(hook)
            close("outbox")
            deliver(hook)
        assert receiver.events() == [OPENED, CLOSED] * 2
        assert len({alert["id"] for alert in receiver.accepted}) == 2


class TestAReceiverThatRefuses:
    @pytest.mark.parametrize("status", [500, 429, 404, 302])
    def test_gets_it_again_after_a_pause_and_is_logged_once(self, sound, hook, receiver, pause_is_over, lines, status):
        receiver.status = status
        sound("outbox")
        deliver(hook)
        deliver(hook)
        assert len(receiver.refused) == 1
        assert lines() == [("error", "alert_opened"), ("warning", "alert_not_delivered")]
        pause_is_over()
        receiver.status = 200
        deliver(hook)
        assert receiver.events() == [OPENED]
        assert lines() == []

    def test_is_retried_after_growing_pauses(self, sound, hook, receiver, pause_is_over, owner):
        receiver.status = 503
        sound("outbox")
        pauses = []
        for _ in range(10):
            pause_is_over()
            deliver(hook)
            pauses += owner("SELECT round(extract(epoch FROM next_delivery_at - now()))::int FROM alerts")
        assert pauses == [(seconds,) for seconds in (2, 4, 8, 16, 32, 64, 128, 256, 300, 300)]

    def test_gets_no_other_alert_in_the_same_round(self, sound, hook, receiver):
        receiver.status = 503
        sound("one", "two")
        deliver(hook)
        assert len(receiver.refused) == 1

    def test_may_be_down_and_its_url_is_in_no_log(self, sound, receiver, pause_is_over, hook, capsys):
        with webhook.webhook_receiver() as gone:
            pass
        sound("outbox")
        deliver(Webhook(gone.url, webhook.SECRET))
        assert "hush" not in capsys.readouterr().out
        pause_is_over()
        deliver(hook)
        assert receiver.events() == [OPENED]

    def test_gets_the_alert_from_another_sweeper_when_one_dies(self, sound, hook, receiver, pause_is_over):
        class Killed(BaseException):
            pass

        class Dying:
            def post(self, news):
                raise Killed

        sound("outbox")
        with pytest.raises(Killed):
            deliver(Dying())
        deliver(hook)
        assert receiver.accepted == []  # the claim has not expired
        pause_is_over()
        deliver(hook)
        assert receiver.events() == [OPENED]


class TestWithoutAWebhook:
    def test_alerts_are_logged(self, sound, close, lines):
        sound("outbox")
        deliver(None)
        close("outbox")
        deliver(None)
        deliver(None)
        assert lines() == [("error", "alert_opened"), ("info", "alert_closed")]
