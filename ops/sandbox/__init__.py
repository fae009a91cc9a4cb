"""The payment sandbox: a fake payment provider with Stripe's protocol and its own ledger, without real payments.

Set `ORDERX_PAYMENT_API_BASE` to its URL. It accepts only test cards (cards.py) and does not store their numbers. Each
change is on disk before its response is sent, so that the sandbox can be killed at any time and audited afterwards.
"""

from ops.sandbox.app import create_app
from ops.sandbox.server import serve

__all__ = ["create_app", "serve"]
