"""The threads that make external calls, with shares: a slow company or provider account holds up no other one."""

import os
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from threading import Lock
from typing import Any
from uuid import UUID

from kit.config import settings
from saga.engine.step_functions import Call

MAX_UNANSWERED = 128
"""Calls of one company to one account that a process has begun and not answered, those that wait for their turn
included. It is as large as a batch of a worker."""


@dataclass(slots=True, eq=False)
class PendingCall:
    """One external call, and its answer or error once it is `made`, which is reported to `on_answer` on any thread."""

    call: Call
    company_id: UUID
    account: str
    on_answer: Callable[[Any], None] = field(repr=False)
    answer: Any = None
    error: Exception | None = None
    seconds: float = 0.0

    def make(self) -> None:
        """Make the call."""
        begun = time.perf_counter()
        try:
            self.answer = self.call()
        except Exception as error:  # noqa: BLE001 - recorded as the step's outcome for this subject alone
            self.error = error
        self.seconds = time.perf_counter() - begun
        self.on_answer(self)


@dataclass(slots=True)
class _Account:
    """The calls to one provider account: how many run, of which companies, and which wait for their turn."""

    running: int = 0
    running_of: Counter[UUID] = field(default_factory=Counter)
    waiting: OrderedDict[UUID, deque[PendingCall]] = field(default_factory=OrderedDict)


class CallPool:
    """Makes external calls on threads: `per_account` at a time to an account, and `per_company` of these for a company.

    Other calls wait. Companies take turns.
    """

    def __init__(self, *, per_account: int, per_company: int) -> None:
        self._per_account, self._per_company = per_account, per_company
        self._threads: dict[str, ThreadPoolExecutor] = {}
        self._accounts: dict[str, _Account] = {}
        self._lock = Lock()

    def room(self, account: str, company_id: UUID) -> int:
        """How many further calls of this company to this account may be submitted."""
        with self._lock:
            its = self._accounts.get(account)
            if its is None:
                return MAX_UNANSWERED
            return MAX_UNANSWERED - its.running_of[company_id] - len(its.waiting.get(company_id, ()))

    def submit(self, calls: Iterable[PendingCall]) -> None:
        """Make these calls, each as soon as it is its turn."""
        for call in calls:
            with self._lock:
                account = self._accounts.setdefault(call.account, _Account())
                account.waiting.setdefault(call.company_id, deque()).append(call)
                first = self._take_next(account)
            if first:
                self._threads_of(call.account).submit(self._make_calls, account, first)

    def _make_calls(self, account: _Account, call: PendingCall | None) -> None:
        """Make a call, and then the calls whose turn it is by then."""
        while call:
            call.make()
            with self._lock:
                account.running -= 1
                account.running_of[call.company_id] -= 1
                if not account.running_of[call.company_id]:
                    del account.running_of[call.company_id]
                call = self._take_next(account)

    def _take_next(self, account: _Account) -> PendingCall | None:
        """The next call that may be made now, which counts as running from now on."""
        if account.running == self._per_account:
            return None
        free = (each for each in account.waiting if account.running_of[each] < self._per_company)
        company_id = next(free, None)
        if company_id is None:
            return None
        calls = account.waiting[company_id]
        call = calls.popleft()
        account.waiting.move_to_end(company_id)
        if not calls:
            del account.waiting[company_id]
        account.running += 1
        account.running_of[company_id] += 1
        return call

    def _threads_of(self, account: str) -> ThreadPoolExecutor:
        if account not in self._threads:
            name = f"calls-to-{account}"
            self._threads[account] = ThreadPoolExecutor(self._per_account, thread_name_prefix=name)
        return self._threads[account]


@cache
def shared_pool() -> CallPool:
    """The pool of this process, from the settings."""
    config = settings()
    return CallPool(per_account=config.calls_per_account, per_company=config.calls_per_company)


os.register_at_fork(after_in_child=shared_pool.cache_clear)  # threads do not survive a fork
