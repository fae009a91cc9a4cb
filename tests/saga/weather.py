"""Bad weather for sagas: the one thing that a step reaches for fails, on purpose, so and so often."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from domain.inventory import operations as inventory
from domain.notifications.errors import MailDeferred, MailRefused
from domain.notifications.mailer import mailer
from domain.payments.gateway import ProviderUnavailable
from domain.payments.stripe_gateway import gateway
from kit.errors import Conflict

Mood = Literal["refuses", "is unavailable", "loses its answer"]
Errors = tuple[type[Exception], type[Exception]]


class No(Conflict):
    """It cannot be done."""

    code = "no"


INVENTORY: Errors = (No, RuntimeError)
PROVIDER: Errors = (No, ProviderUnavailable)
MAIL: Errors = (MailRefused, MailDeferred)
SELLER = "hello@paper.example"
"""The company's address, as factories make it."""


def _reach(step: str) -> tuple[object, str, Errors]:
    """What the step or undo reaches for, and how that says no and not now."""
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
class Weather:
    """Spoils what steps reach for; once its moods are used up all is well again."""

    monkeypatch: pytest.MonkeyPatch
    calls: list[str] = field(default_factory=list)

    def spoil(self, step: str, *moods: Mood) -> None:
        """Have what the step or undo reaches for show these moods, one a call; of mails, the buyer's."""
        owner, name, errors = _reach(step)
        left, real = list(moods), getattr(owner, name)

        def spoilt(*args: Any, **named: Any) -> Any:
            if step == "email_customer" and args[0].recipient == SELLER:
                return real(*args, **named)
            self.calls.append(name)
            return _answer(left.pop(0) if left else None, errors, lambda: real(*args, **named))

        self.monkeypatch.setattr(owner, name, spoilt)


def _answer(mood: Mood | None, errors: Errors, call: Callable[[], Any]) -> Any:
    no, trouble = errors
    if mood == "refuses":
        raise no
    if mood == "is unavailable":
        raise trouble
    answer = call()
    if mood == "loses its answer":
        raise trouble
    return answer
