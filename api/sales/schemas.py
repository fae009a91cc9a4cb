"""What orders take and answer."""

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from api.answers import AddressSchema, AmountOf, AnswerSchema
from api.choices import Choice
from api.schemas import Country, Like, List, Name, PageQuery, Schema, Text, WholeSchema, without_card
from domain.payments.gateway import Card
from domain.sales.models import STATUSES
from domain.sales.operations import LineRequest

MOST_LINES, MOST_UNITS = 100, 10_000
PAYMENT_METHOD = r"^[A-Za-z][A-Za-z0-9_-]*$"
"""What a token looks like, and no card number does."""


class LineSchema(Schema):
    """So many units of a product."""

    product_id = fields.UUID(required=True)
    quantity = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(min=1, max=MOST_UNITS),
        metadata={"examples": [2]},
    )

    @post_load
    def as_wanted(self, data: dict[str, Any], **_: Any) -> LineRequest:
        """The line as sales take it."""
        return LineRequest(**data)


class CardSchema(Schema):
    """A card. It is exchanged for the payment provider's token at once, and kept nowhere."""

    number = fields.String(required=True, load_only=True, validate=validate.Length(max=32))
    exp_month = fields.Integer(required=True, strict=True, load_only=True, metadata={"examples": [12]})
    exp_year = fields.Integer(required=True, strict=True, load_only=True, metadata={"examples": [2030]})
    cvc = fields.String(required=True, load_only=True, validate=validate.Length(max=8))

    @post_load
    def as_card(self, data: dict[str, Any], **_: Any) -> Card:
        """The card as payments take it."""
        return Card(**data)


class ProviderToken(fields.String):
    """A token that the payment provider gave for a card."""

    def __init__(self, **kwargs: Any) -> None:
        looks = Like(PAYMENT_METHOD, error="This is no token of a provider's.")
        checks = [validate.Length(max=255), looks, without_card]
        super().__init__(validate=checks, metadata={"examples": ["pm_card_visa"]}, **kwargs)


class CardPaymentSchema(Schema):
    """Payment by a card."""

    card = fields.Nested(CardSchema, required=True)


class TokenPaymentSchema(Schema):
    """Payment by a token that the provider gave for a card."""

    payment_method = ProviderToken(required=True)


class PaymentSchema(Schema):
    """How the order is paid: a card, or a token that the provider gave for one."""

    one_of = (CardPaymentSchema, TokenPaymentSchema)

    card = fields.Nested(CardSchema)
    payment_method = ProviderToken()

    @validates_schema
    def one_way(self, data: dict[str, Any], **_: Any) -> None:
        """Raise ValidationError unless exactly one way to pay is given."""
        if len(data) != 1:
            raise ValidationError("Send either card or payment_method.")


class NewAddressSchema(WholeSchema):
    """Where the goods go. Leave out what it lacks, or send null."""

    name = Name(required=True, metadata={"examples": ["Ada Example"]})
    company = Name()
    line1 = Name(required=True, metadata={"examples": ["1 Harbour Street"]})
    line2 = Name()
    postal_code = Name(longest=20, metadata={"examples": ["10115"]})
    city = Name(required=True, metadata={"examples": ["Berlin"]})
    region = Name()
    country = Country(required=True)


class NewOrderSchema(Schema):
    """An order to place."""

    shop_id = fields.UUID(required=True)
    lines = List(fields.Nested(LineSchema), required=True, least=1, most=MOST_LINES)
    discount_percent = fields.Integer(
        load_default=0,
        strict=True,
        validate=validate.Range(min=0, max=100),
        metadata={"description": "For members who may give a discount, up to the company's `max_discount_percent`"},
    )
    shipping_address = fields.Nested(NewAddressSchema, required=True)
    payment = fields.Nested(PaymentSchema, required=True)

    @validates_schema(skip_on_field_errors=True)
    def each_product_once(self, data: dict[str, Any], **_: Any) -> None:
        """Raise ValidationError for a product that an earlier line has already."""
        first: dict[Any, int] = {}
        for position, line in enumerate(data["lines"]):
            earlier = first.setdefault(line.product_id, position)
            if earlier != position:
                message = f"Line {earlier} has this product already; add the quantities up."
                raise ValidationError({"lines": {position: {"product_id": [message]}}})


class CancellationSchema(Schema):
    """Why the order shall be cancelled."""

    reason = Text(load_default="no reason given", metadata={"examples": ["ordered by mistake"]})


class OrdersQuery(PageQuery):
    """Which orders."""

    shop_id = fields.UUID(load_default=None)
    status = Choice("OrderStatus", STATUSES, load_default=None)
    placed_since = fields.AwareDateTime(load_default=None)


class FailureSchema(AnswerSchema):
    """Why an order failed.

    Buyers get it in words for them, and a generic code where the bank's reason is not for them, as of a stolen card.
    """

    code = fields.String(metadata={"examples": ["insufficient_funds"]})
    step = fields.String(allow_none=True, metadata={"examples": ["authorise_payment"]})
    detail = fields.String(allow_none=True)


class OrderSummarySchema(AnswerSchema):
    """An order at a glance."""

    id = fields.UUID()
    shop_id = fields.UUID()
    customer_id = fields.UUID()
    status = Choice("OrderStatus", STATUSES)
    status_text = fields.String(metadata={"examples": ["Order Completed Successfully"]})
    total = AmountOf()
    failure = fields.Nested(FailureSchema, allow_none=True)
    placed_at = fields.AwareDateTime()
    changed_at = fields.AwareDateTime()


class OrderLineSchema(AnswerSchema):
    """One line of an order, at the price of the moment it was placed."""

    product_id = fields.UUID()
    sku = fields.String()
    name = fields.String()
    quantity = fields.Integer()
    unit_price = AmountOf()
    total = AmountOf()


class SagaStateSchema(AnswerSchema):
    """Where the order's saga stands."""

    id = fields.UUID()
    state = fields.String(metadata={"examples": ["running"]})


class OrderInFullSchema(OrderSummarySchema):
    """An order with all that was ordered."""

    lines = fields.List(fields.Nested(OrderLineSchema))
    subtotal = AmountOf()
    discount_percent = fields.Integer()
    shipping_address = fields.Nested(AddressSchema)


class OrderSchema(OrderInFullSchema):
    """An order, and where its saga stands."""

    saga = fields.Nested(
        SagaStateSchema, allow_none=True, metadata={"description": "Null once its journal is over, months later"}
    )
    being_cancelled = fields.Boolean(
        metadata={
            "description": "Whether it is to be cancelled, and `status` says only what it still is",
            "examples": [False],
        }
    )
    allowed_transitions = fields.List(fields.String(), metadata={"examples": [["cancelled"]]})


class OrderProgressSchema(AnswerSchema):
    """Only where the order stands, for those who ask often."""

    id = fields.UUID()
    status = Choice("OrderStatus", STATUSES)
    status_text = fields.String(metadata={"examples": ["Order Completed Successfully"]})


class StepSchema(AnswerSchema):
    """One step of the saga: what it answered, how often it was tried, and whether it was put back."""

    step = fields.String(metadata={"examples": ["reserve_stock"]})
    state = fields.String(metadata={"examples": ["done"]})
    attempts = fields.Integer()
    undo = fields.String(allow_none=True, metadata={"examples": ["release_stock"]})
    undo_attempts = fields.Integer()
    outcome = fields.Dict(allow_none=True)
    error = fields.Dict(allow_none=True)
    retry_at = fields.AwareDateTime(allow_none=True)
    begun_at = fields.AwareDateTime(allow_none=True)
    answered_at = fields.AwareDateTime(allow_none=True)
    undone_at = fields.AwareDateTime(allow_none=True)


class EventSchema(AnswerSchema):
    """Something that happened to the saga."""

    happened_at = fields.AwareDateTime()
    event = fields.String(metadata={"examples": ["begun"]})
    step = fields.String(allow_none=True)
    detail = fields.Dict(allow_none=True)


class SagaSchema(AnswerSchema):
    """A saga's timeline."""

    id = fields.UUID()
    name = fields.String(metadata={"examples": ["place_order"]})
    version = fields.Integer()
    state = fields.String(metadata={"examples": ["done"]})
    failure = fields.Nested(FailureSchema, allow_none=True)
    started_at = fields.AwareDateTime()
    ended_at = fields.AwareDateTime(allow_none=True)
    steps = fields.List(fields.Nested(StepSchema))
    events = fields.List(fields.Nested(EventSchema))


class OrderSagasSchema(AnswerSchema):
    """The sagas of an order: the one that placed it, and the one that cancelled it, if any."""

    data = fields.List(fields.Nested(SagaSchema))
