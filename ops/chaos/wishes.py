"""What the customers want: a mix of orders made from a seed alone."""

from dataclasses import dataclass
from random import Random

from ops.sandbox.cards import CARDS, DECLINES, SILENT, SLOW

GOOD = tuple(card.number for card in CARDS if card.behaviour == "approved")
DECLINED = tuple(card.number for card in CARDS if card.behaviour in DECLINES)
LATE = tuple(card.number for card in CARDS if card.behaviour in {SLOW, SILENT})
"""Cards whose answer comes late, or not before the one who asks has given up."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One customer's order.

    `tokenised` cards were given to the provider before, so that the order can be placed while it is down; `scarce` is
    of the product that there is too little of; `cancel_after` so many seconds the order is cancelled; `hasty`
    customers hang up almost at once and ask again with the same key; `wait` is for `Prefer: wait`, in seconds.
    """

    number: int
    card: str
    tokenised: bool
    scarce: bool
    quantity: int
    cancel_after: float | None
    hasty: bool
    wait: int

    @property
    def late(self) -> bool:
        """Whether its card takes its time."""
        return self.card in LATE


def wishes(*, seed: int, orders: int) -> list[Wish]:
    """So many wishes: of ten cards one is declined and one is late, one order in eight is for what is scarce."""
    draw = Random(f"wishes {seed}")  # noqa: S311 - repeatable is what it has to be
    return [_wish(draw, number) for number in range(orders)]


def _wish(draw: Random, number: int) -> Wish:
    cards = draw.choices((GOOD, DECLINED, LATE), weights=(8, 1, 1))[0]
    return Wish(
        number=number,
        card=draw.choice(cards),
        tokenised=draw.random() < 1 / 2,
        scarce=draw.random() < 1 / 8,
        quantity=draw.randint(1, 3),
        cancel_after=draw.uniform(0, 2) if draw.random() < 1 / 10 else None,
        hasty=draw.random() < 1 / 10,
        wait=5 if draw.random() < 1 / 20 else 0,
    )
