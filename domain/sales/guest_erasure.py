"""Erasing the personal data of a guest, with that in the guest's orders and the mails about them."""

from datetime import datetime
from uuid import UUID

from domain.customers import erasure
from domain.sales import queries
from domain.sales.errors import GuestOrdersInProgress
from kit import db

# The same as the function erase_customer() does for a user, who may not change rows of companies.
_ERASE_MAILS = """
    UPDATE mails AS m SET context = '{}', leased_until = NULL,
        status = CASE m.status WHEN 'sent' THEN 'sent' ELSE 'refused' END,
        recipient = CASE m.recipient WHEN o.customer_email THEN %(placeholder)s ELSE m.recipient END
    FROM orders AS o WHERE o.id = m.order_id AND o.customer_id = %(customer)s"""
_ERASE_ORDERS = """
    UPDATE orders SET customer_email = %(placeholder)s, customer_name = '', phone = NULL, note = NULL,
        shipping_address = jsonb_build_object('country', shipping_address->'country'),
        billing_address = CASE WHEN billing_address IS NOT NULL
            THEN jsonb_build_object('country', billing_address->'country') END,
        version = version + 1
    WHERE customer_id = %(customer)s"""


def erase(*, customer_id: UUID, now: datetime) -> None:
    """Erase a guest of the current company. The guest's orders stay without name, contact data and addresses.

    This cannot be undone. Raises CustomerNotFound, HasAccount for a user, who erases the account with all its data, and
    GuestOrdersInProgress while an order may still need the address.
    """
    guest = erasure.the_locked_guest(customer_id=customer_id)
    if queries.has_orders_in_progress(customer_id=customer_id, now=now):
        raise GuestOrdersInProgress
    values = {"customer": customer_id, "placeholder": f"erased-{customer_id}@erased.invalid"}
    db.run(_ERASE_MAILS, values)
    db.run(_ERASE_ORDERS, values)
    erasure.erase_record(guest)
