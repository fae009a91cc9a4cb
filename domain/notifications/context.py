"""What a mail is told about its order, or about its reader's account."""

from typing import Any, Literal, TypedDict

Template = Literal[
    "order_received", "payment_succeeded", "payment_failed", "order_cancelled",
    "order_received_merchant", "payment_succeeded_merchant", "payment_failed_merchant", "order_cancelled_merchant",
]  # fmt: skip
AccountTemplate = Literal[
    "verify_email", "registered_already", "reset_password", "password_changed", "second_factor_removed", "invitation"
]


class Line(TypedDict):
    """One line of the order; `unit_price` in minor units."""

    name: str
    sku: str
    quantity: int
    unit_price: int


class Failure(TypedDict):
    """Why the order failed, as on its row."""

    code: str
    step: str
    detail: str | None


class Branding(TypedDict, total=False):
    """What the company's mails look like; `colour` is `#rrggbb`. What is missing is left as it is."""

    name: str
    colour: str
    logo_url: str
    reply_to: str
    footer: str


class Context(TypedDict):
    """What templates about an order are told. Amounts in minor units of `currency`; `failure` once it has failed."""

    order_id: str
    shop: str
    company: str
    customer: str
    lines: list[Line]
    subtotal: int
    discount_percent: int
    total: int
    currency: str
    shipping_address: dict[str, Any]
    failure: Failure | None
    branding: Branding


class AccountContext(TypedDict):
    """What every template about an account is told. `link` is forgotten once the mail is sent: it opens the account."""

    site: str
    link: str
    hours: int


class InvitationContext(AccountContext):
    """What an invitation is told besides: who invites, and to be what."""

    company: str
    role: str
