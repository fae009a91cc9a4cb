"""The signal that the toy sagas of these tests wait for."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from saga.engine.waits import Signal


@dataclass(frozen=True)
class Confirmation:
    """Who has confirmed, and how many."""

    confirmed_by: UUID
    copies: int


CONFIRMED = Signal("print.confirmed", Confirmation)
ADA = UUID("01a1f9fb-0000-7000-8000-000000000001")
YES = Confirmation(ADA, 2)
YES_AS_JSON = {"confirmed_by": str(ADA), "copies": 2}
OTHER = Confirmation(ADA, 3)
A_DAY = timedelta(days=1)
