"""The shares of companies and provider accounts in the threads that make external calls."""

from queue import SimpleQueue
from threading import Event

import pytest

from kit.ids import new_id
from saga.engine import call_pool
from saga.engine.call_pool import CallPool, PendingCall

SLOW, OTHER = new_id(), new_id()


@pytest.fixture
def pool():
    return CallPool(per_account=3, per_company=2)


@pytest.fixture
def gate():
    """Calls of `call` end when it is opened."""
    gate = Event()
    yield gate
    gate.set()


@pytest.fixture
def begun():
    """The names of the calls, as they begin."""
    return SimpleQueue()


@pytest.fixture
def done():
    """The calls, as they end."""
    return SimpleQueue()


@pytest.fixture
def call(begun, done, gate):
    def making(name, company_id=SLOW, *, account="payments", opened=gate):
        def run():
            begun.put(name)
            assert opened.wait(20)
            return name

        return PendingCall(run, company_id, account, done.put)

    return making


@pytest.fixture
def opened():
    opened = Event()
    opened.set()
    return opened


def take(queue, times):
    return [queue.get(timeout=20) for _ in range(times)]


class TestCallPool:
    def test_makes_a_companys_calls_within_its_share(self, pool, call, begun, done, gate):
        pool.submit(call(number) for number in range(5))
        assert sorted(take(begun, 2)) == [0, 1]
        assert begun.empty()
        gate.set()
        assert sorted(each.answer for each in take(done, 5)) == list(range(5))

    def test_makes_another_companys_calls_meanwhile(self, pool, call, begun, done, opened):
        pool.submit(call(number) for number in range(5))
        take(begun, 2)
        pool.submit([call("other", OTHER, opened=opened)])
        assert take(done, 1)[0].answer == "other"

    def test_makes_calls_to_another_account_meanwhile(self, pool, call, begun, done, opened):
        pool.submit(call(number, new_id()) for number in range(3))
        take(begun, 3)
        pool.submit([call("waiting", OTHER, opened=opened), call("mail", OTHER, account="mails", opened=opened)])
        assert take(done, 1)[0].answer == "mail"

    def test_lets_companies_take_turns(self, call, begun, done, gate, opened):
        pool = CallPool(per_account=1, per_company=1)
        pool.submit([call("first")])
        take(begun, 1)
        pool.submit(call(f"slow {number}", opened=opened) for number in range(3))
        pool.submit([call("other", OTHER, opened=opened)])
        gate.set()
        take(done, 5)
        assert take(begun, 4) == ["slow 0", "other", "slow 1", "slow 2"]

    def test_reports_an_error(self, pool, done):
        error = OSError("cut off")

        def fail():
            raise error

        pool.submit([PendingCall(fail, SLOW, "payments", done.put)])
        assert take(done, 1)[0].error is error

    def test_has_room_for_a_batch_of_each_company(self, pool, call, begun):
        pool.submit(call(number) for number in range(5))
        take(begun, 2)
        assert pool.room("payments", SLOW) == call_pool.MAX_UNANSWERED - 5
        assert pool.room("payments", OTHER) == pool.room("mails", SLOW) == call_pool.MAX_UNANSWERED
