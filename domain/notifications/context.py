"""The variables of mail templates."""

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
    """Why the order failed, as in `orders.failure`."""

    code: str
    step: str
    detail: str | None


class Branding(TypedDict, total=False):
    """The look of a company's mails; `colour` is `#rrggbb`. Missing keys keep the default look."""

    name: str
    colour: str
    logo_url: str
    reply_to: str
    footer: str


class Context(TypedDict):
    """Variables of templates about an order. Amounts are in minor units of `currency`; failed orders have `failure`."""

    order_id: str
    number: str
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
    """Variables of templates about an account. `link` gives access, so it is deleted once the mail is sent."""

    site: str
    link: str
    hours: int


class InvitationContext(AccountContext):
    """Additional variables of an invitation: the company and the role."""

    company: str
    role: str
