"""The broker loses all its messages while orders are processed."""

import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from kombu import Connection

from ops.stack import Stack
from tests.stack.commands import books_are_clean
from tests.stack.shop import DECLINED, Shop
from tests.waiting import until

pytestmark = [pytest.mark.rabbitmq, pytest.mark.xdist_group("stack"), pytest.mark.slow]

GOOD_CARDS, BAD_CARDS = 150, 40


def waiting_events(stack: Stack) -> int:
    with Connection(stack.env["ORDERX_BROKER_URL"]) as connection, connection.channel() as channel:
        return channel.queue_declare("notification.events", passive=True).message_count


class TestBrokerLoss:
    def test_of_its_whole_disk_under_load_loses_no_order_and_no_mail(self, stack: Stack):
        shop = Shop(stack, on_hand=GOOD_CARDS + BAD_CARDS)
        stack["worker-mails"].stop()  # so that events and mails are in the broker when it goes
        with ThreadPoolExecutor(2) as buyers:
            failing = buyers.submit(shop.order_many, BAD_CARDS, card=DECLINED)
            paying = buyers.submit(shop.order_many, GOOD_CARDS)
            until(lambda: shop.statuses().get("failed", 0) > 5 and shop.statuses().get("paid", 0) > 5)
            assert waiting_events(stack) > 0
            stack.broker.kill()
            stack.broker.stop()
            shutil.rmtree(stack.home / "rabbitmq" / "data")
            stack.broker.start()
        stack["worker-mails"].start()
        assert Counter(answer.status_code for answer in [*failing.result(), *paying.result()]) == {202: 190}
        assert books_are_clean(stack)
        assert shop.statuses() == {"paid": GOOD_CARDS, "failed": BAD_CARDS}
        assert shop.stock() == (BAD_CARDS, 0)
        assert mails_about(shop) == {
            (shop.buyer, "order.created"): GOOD_CARDS + BAD_CARDS,
            (shop.mailbox, "order.created"): GOOD_CARDS + BAD_CARDS,
            (shop.buyer, "order.completed"): GOOD_CARDS,
            (shop.mailbox, "order.completed"): GOOD_CARDS,
            (shop.buyer, "order.failed"): BAD_CARDS,
            (shop.mailbox, "order.failed"): BAD_CARDS,
        }


def mails_about(shop: Shop) -> Counter[tuple[str, str]]:
    """The number of mails by recipient and occasion."""
    return Counter((mail["to"], mail["occasion"].partition(":")[0]) for mail in shop.mails())
