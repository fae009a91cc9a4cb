"""Request and response schemas of orders."""

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from api.http.choices import Choice
from api.http.contacts import NewAddressSchema, Phone
from api.http.fields import FullMatch, List, MultilineText, Text, refuse_card_number
from api.http.responses import AddressSchema, AmountOf, ResponseSchema
from api.http.schemas import Schema
from domain.payments.gateway import Card
from domain.sales.channels import CHANNELS
from domain.sales.headline import FULFILMENT_STATES, PAYMENT_STATES, STATES, STATUSES
from domain.sales.new_order import LineRequest

MAX_LINES, MAX_UNITS, MAX_NOTE_LENGTH = 100, 10_000, 1000
PAYMENT_METHOD = r"^[A-Za-z][A-Za-z0-9_-]*$"
"""The format of a provider's token, which no card number matches."""


class NewOrderLineSchema(Schema):
    """A product and its quantity."""

    product_id = fields.UUID(required=True)
    quantity = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(min=1, max=MAX_UNITS),
        metadata={"examples": [2]},
    )

    @post_load
    def as_line(self, data: dict[str, Any], **_: Any) -> LineRequest:
        """The line as the sales area takes it."""
        return LineRequest(**data)


class CardSchema(Schema):
    """Card data. It is exchanged for a token of the payment provider immediately, and never stored."""

    number = fields.String(required=True, load_only=True, validate=validate.Length(max=32))
    exp_month = fields.Integer(required=True, strict=True, load_only=True, metadata={"examples": [12]})
    exp_year = fields.Integer(required=True, strict=True, load_only=True, metadata={"examples": [2030]})
    cvc = fields.String(required=True, load_only=True, validate=validate.Length(max=8))

    @post_load
    def as_card(self, data: dict[str, Any], **_: Any) -> Card:
        """The card as the payments area takes it."""
        return Card(**data)


class ProviderToken(fields.String):
    """A token of the payment provider for a card."""

    def __init__(self, **kwargs: Any) -> None:
        token_format = FullMatch(PAYMENT_METHOD, error="This is not a token of the payment provider.")
        checks = [validate.Length(max=255), token_format, refuse_card_number]
        super().__init__(validate=checks, metadata={"examples": ["pm_card_visa"]}, **kwargs)


class CardPaymentSchema(Schema):
    """Payment with card data."""

    card = fields.Nested(CardSchema, required=True)


class TokenPaymentSchema(Schema):
    """Payment with a token of the payment provider."""

    payment_method = ProviderToken(required=True)


class PaymentSchema(Schema):
    """The payment of an order: card data, or a token of the payment provider."""

    one_of = (CardPaymentSchema, TokenPaymentSchema)

    card = fields.Nested(CardSchema)
    payment_method = ProviderToken()

    @validates_schema
    def _require_one_way_to_pay(self, data: dict[str, Any], **_: Any) -> None:
        """Raise ValidationError unless exactly one of the fields is present."""
        if len(data) != 1:
            raise ValidationError("Send either card or payment_method.")


class NewOrderSchema(Schema):
    """A new order."""

    shop_id = fields.UUID(required=True)
    lines = List(fields.Nested(NewOrderLineSchema), required=True, min_items=1, max_items=MAX_LINES)
    discount_percent = fields.Integer(
        load_default=0,
        strict=True,
        validate=validate.Range(min=0, max=100),
        metadata={"description": "Only for members who may give discounts, up to the company's `max_discount_percent`"},
    )
    shipping_address = fields.Nested(NewAddressSchema, required=True)
    billing_address = fields.Nested(
        NewAddressSchema,
        load_default=None,
        allow_none=False,
        metadata={"description": "Leave it out if it is the shipping address"},
    )
    phone = Phone(load_default=None, allow_none=False, metadata={"examples": ["+4930123456"]})
    note = MultilineText(
        max_length=MAX_NOTE_LENGTH, load_default=None, allow_none=False, metadata={"examples": ["Ring twice."]}
    )
    channel = Choice(
        "OrderChannel",
        CHANNELS,
        load_default="shop",
        metadata={"description": "Where the order comes from; other than `shop` only for members"},
    )
    payment = fields.Nested(PaymentSchema, required=True)


class CancellationSchema(Schema):
    """The reason for the cancellation."""

    reason = Text(load_default="no reason given", metadata={"examples": ["ordered by mistake"]})


class FailureSchema(ResponseSchema):
    """The reason why an order failed.

    Customers get a text for customers, and a generic code if the bank's reason is confidential, such as a stolen card.
    """

    code = fields.String(metadata={"examples": ["insufficient_funds"]})
    step = fields.String(allow_none=True, metadata={"examples": ["authorise_payment"]})
    detail = fields.String(allow_none=True)


class OrderLineSchema(ResponseSchema):
    """A line of an order, with the price at which it was placed."""

    id = fields.UUID()
    product_id = fields.UUID()
    sku = fields.String()
    name = fields.String()
    quantity = fields.Integer()
    unit_price = AmountOf()
    total = AmountOf()


class OrderSummarySchema(ResponseSchema):
    """An order; in lists without its lines, unless they are asked for."""

    optional = frozenset({"lines"})

    id = fields.UUID()
    number = fields.String(
        metadata={"description": "For people: the month and a count of the company's orders", "examples": ["2611-42"]}
    )
    shop_id = fields.UUID()
    customer_id = fields.UUID(metadata={"description": "The company's record of the buyer"})
    status = Choice("OrderStatus", STATUSES)
    status_text = fields.String(metadata={"examples": ["Order Completed Successfully"]})
    state = Choice("OrderState", STATES, metadata={"description": "The order itself"})
    payment_state = Choice("OrderPaymentState", PAYMENT_STATES)
    fulfilment_state = Choice("OrderFulfilmentState", FULFILMENT_STATES)
    disputed = fields.Boolean(
        metadata={"description": "Whether the buyer disputes a payment at their bank", "examples": [False]}
    )
    total = AmountOf()
    failure = fields.Nested(FailureSchema, allow_none=True)
    placed_at = fields.AwareDateTime()
    changed_at = fields.AwareDateTime()
    lines = fields.List(fields.Nested(OrderLineSchema))


class SagaStateSchema(ResponseSchema):
    """The state of the saga that placed the order."""

    id = fields.UUID()
    state = fields.String(metadata={"examples": ["running"]})


class TotalsSchema(ResponseSchema):
    """The totals of an order by kind, and what was paid and refunded since.

    `total` is items - discounts + shipping + fees, plus tax unless that is included in them.
    """

    items = AmountOf(metadata={"description": "The sum of the lines"})
    discounts = AmountOf(metadata={"description": "On items and shipping"})
    shipping = AmountOf()
    fees = AmountOf()
    tax = AmountOf()
    tax_included = fields.Boolean(metadata={"description": "Whether the other amounts include the tax"})
    total = AmountOf()
    paid = AmountOf(metadata={"description": "What was captured"})
    refunded = AmountOf(metadata={"description": "What went back of it"})
    due = AmountOf(metadata={"description": "What is yet to be paid"})


class OrderDetailsSchema(OrderSummarySchema):
    """An order with its lines and address."""

    optional = frozenset()

    totals = fields.Nested(TotalsSchema)
    subtotal = AmountOf(metadata={"description": "The same as `totals.items`"})
    discount_percent = fields.Integer()
    shipping_address = fields.Nested(AddressSchema)
    billing_address = fields.Nested(
        AddressSchema, allow_none=True, metadata={"description": "Null if it is the shipping address"}
    )
    phone = fields.String(allow_none=True, metadata={"description": "E.164", "examples": ["+4930123456"]})
    note = fields.String(allow_none=True, metadata={"examples": ["Ring twice."]})
    channel = Choice("OrderChannel", CHANNELS)


class OrderSchema(OrderDetailsSchema):
    """An order with the state of its saga."""

    saga = fields.Nested(
        SagaStateSchema, allow_none=True, metadata={"description": "Null once the saga is deleted, some months later"}
    )
    cancellation_requested = fields.Boolean(
        metadata={
            "description": "Whether a cancellation is in progress; `status` does not show it yet",
            "examples": [False],
        }
    )
    allowed_transitions = fields.List(fields.String(), metadata={"examples": [["cancelled"]]})


class OrderProgressSchema(ResponseSchema):
    """The status of an order, for polling."""

    id = fields.UUID()
    status = Choice("OrderStatus", STATUSES)
    status_text = fields.String(metadata={"examples": ["Order Completed Successfully"]})
