"""Where an order comes from."""

from typing import Literal, get_args

Channel = Literal["shop", "pos", "staff", "api"]
"""The shop's website, a till, a member of the company for a buyer, or another system."""

CHANNELS: tuple[Channel, ...] = get_args(Channel)
