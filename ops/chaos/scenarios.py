"""The customers' orders: a random mix, generated from a seed."""

from dataclasses import dataclass
from random import Random

from ops.sandbox.cards import CARDS, DECLINES, SILENT, SLOW

GOOD = tuple(card.number for card in CARDS if card.behaviour == "approved")
DECLINED = tuple(card.number for card in CARDS if card.behaviour in DECLINES)
SLOW_CARDS = tuple(card.number for card in CARDS if card.behaviour in {SLOW, SILENT})
"""Cards whose payments are answered late, or only after the client's timeout."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One customer's order and behaviour.

    `tokenised`: the card is already a token, so that the order can be placed while the provider is down. `scarce`: the
    product with too little stock. `cancel_after`: seconds after which the order is cancelled. `impatient`: the
    customer hangs up almost at once and retries with the same key. `wait`: seconds for `Prefer: wait`.
    """

    number: int
    card: str
    tokenised: bool
    scarce: bool
    quantity: int
    cancel_after: float | None
    impatient: bool
    wait: int

    @property
    def has_slow_card(self) -> bool:
        """Whether the order is paid with one of SLOW_CARDS."""
        return self.card in SLOW_CARDS


def scenarios(*, seed: int, orders: int) -> list[Scenario]:
    """Generate this many: one card in ten is declined, one is slow; one order in eight is for the scarce product."""
    draw = Random(f"wishes {seed}")  # noqa: S311 - must be repeatable
    return [_scenario(draw, number) for number in range(orders)]


def _scenario(draw: Random, number: int) -> Scenario:
    cards = draw.choices((GOOD, DECLINED, SLOW_CARDS), weights=(8, 1, 1))[0]
    return Scenario(
        number=number,
        card=draw.choice(cards),
        tokenised=draw.random() < 1 / 2,
        scarce=draw.random() < 1 / 8,
        quantity=draw.randint(1, 3),
        cancel_after=draw.uniform(0, 2) if draw.random() < 1 / 10 else None,
        impatient=draw.random() < 1 / 10,
        wait=5 if draw.random() < 1 / 20 else 0,
    )
