"""A payment provider to practise on: speaks Stripe's wire protocol, keeps its own books, moves no money.

Point `ORDERX_PAYMENT_API_BASE` at it. It knows test cards only (cards.py) and forgets their numbers at once; what it
has answered is on disk before the answer leaves, so that it can be killed at any instant and audited afterwards.
"""

from ops.sandbox.app import create_app
from ops.sandbox.server import serve

__all__ = ["create_app", "serve"]
