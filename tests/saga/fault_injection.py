"""Fault injection for sagas: the dependency that a step calls fails a given number of times."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from domain.inventory import reservations as inventory
from domain.notifications.errors import MailDeferred, MailRefused
from domain.notifications.mailer import mailer
from domain.payments.gateway import ProviderUnavailable
from domain.payments.stripe_gateway import gateway
from kit.errors import Conflict

Fault = Literal["refuses", "is unavailable", "loses its answer"]
Errors = tuple[type[Exception], type[Exception]]


class Rejected(Conflict):
    """The operation is refused."""

    code = "rejected"


INVENTORY: Errors = (Rejected, RuntimeError)
PROVIDER: Errors = (Rejected, ProviderUnavailable)
MAIL: Errors = (MailRefused, MailDeferred)
SELLER = "hello@paper.example"
"""The company's address, as factories make it."""


def _dependency(step: str) -> tuple[object, str, Errors]:
    """The function that a step or undo calls, as owner and name, and its errors for a refusal and for an outage."""
    return {
        "reserve_stock": (inventory, "reserve", INVENTORY),
        "release_stock": (inventory, "release", INVENTORY),
        "commit_stock": (inventory, "commit", INVENTORY),
        "take_back_stock": (inventory, "take_back", INVENTORY),
        "authorise_payment": (gateway(), "authorise", PROVIDER),
        "void_payment": (gateway(), "void", PROVIDER),
        "capture_payment": (gateway(), "capture", PROVIDER),
        "refund_payment": (gateway(), "refund", PROVIDER),
        "refund_order": (gateway(), "refund", PROVIDER),
        "email_customer": (mailer(), "send", MAIL),
    }[step]


@dataclass
class FaultInjector:
    """Makes the dependencies of steps fail. Once the given faults are used up, calls succeed again."""

    monkeypatch: pytest.MonkeyPatch
    calls: list[str] = field(default_factory=list)

    def inject(self, step: str, *faults: Fault) -> None:
        """Apply these faults to the dependency of a step or undo, one per call. Of the mails, only the buyer's fail."""
        owner, name, errors = _dependency(step)
        remaining, real = list(faults), getattr(owner, name)

        def faulty(*args: Any, **named: Any) -> Any:
            if step == "email_customer" and args[0].recipient == SELLER:
                return real(*args, **named)
            self.calls.append(name)
            return _answer(remaining.pop(0) if remaining else None, errors, lambda: real(*args, **named))

        self.monkeypatch.setattr(owner, name, faulty)


def _answer(fault: Fault | None, errors: Errors, call: Callable[[], Any]) -> Any:
    refusal, outage = errors
    if fault == "refuses":
        raise refusal
    if fault == "is unavailable":
        raise outage
    answer = call()
    if fault == "loses its answer":
        raise outage
    return answer
