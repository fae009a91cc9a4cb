"""Request and response schemas of payments and refunds."""

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from api.http.choices import Choice
from api.http.fields import List
from api.http.responses import AmountOf, MoneySchema, ResponseSchema
from api.http.schemas import PriceSchema, Schema
from domain.payments.models import REFUND_REASONS, REFUND_STATUSES
from domain.payments.refund_plan import PartToRefund, RefundRequest, UnitsToRefund
from kit.money import LARGEST_AMOUNT

MAX_LINES, MAX_PAYMENTS, MAX_UNITS = 100, 50, 10_000
PAYMENT_STATUSES = ("pending", "authorised", "captured", "voided", "refunded", "failed")
MINOR_UNITS = {"description": "Minor units of the order's currency", "examples": [500]}


def _amount(**kwargs: Any) -> fields.Integer:
    return fields.Integer(strict=True, validate=validate.Range(min=1, max=LARGEST_AMOUNT), **kwargs)


class RefundAmountSchema(PriceSchema):
    """An amount to refund, in minor units (cents; yen have none) of the order's currency."""

    amount = _amount(required=True, metadata=MINOR_UNITS)


class UnitsToRefundSchema(Schema):
    """Units of an order line to refund."""

    line_id = fields.UUID(required=True)
    quantity = fields.Integer(
        required=True, strict=True, validate=validate.Range(min=1, max=MAX_UNITS), metadata={"examples": [1]}
    )

    @post_load
    def as_units(self, data: dict[str, Any], **_: Any) -> UnitsToRefund:
        """The units as the payments area takes them."""
        return UnitsToRefund(**data)


class PartToRefundSchema(Schema):
    """An amount to go back to one of the order's payments."""

    payment_id = fields.UUID(required=True)
    amount = _amount(required=True, metadata=MINOR_UNITS)

    @post_load
    def as_part(self, data: dict[str, Any], **_: Any) -> PartToRefund:
        """The part as the payments area takes it."""
        return PartToRefund(**data)


class RefundRequestSchema(Schema):
    """What to refund: an `amount`, or units of `lines`, or without either all that is left.

    `payments` says how much goes back to which payment; without it, the payment that was captured last comes first.
    """

    amount = fields.Nested(RefundAmountSchema)
    lines = List(fields.Nested(UnitsToRefundSchema), load_default=[], max_items=MAX_LINES)
    payments = List(fields.Nested(PartToRefundSchema), load_default=[], max_items=MAX_PAYMENTS)

    @validates_schema(skip_on_field_errors=True)
    def _refuse_amount_with_lines(self, data: dict[str, Any], **_: Any) -> None:
        """Raise ValidationError if both are present."""
        if "amount" in data and data["lines"]:
            raise ValidationError("Send either amount or lines: the lines have an amount.", "amount")

    @staticmethod
    def request_of(body: dict[str, Any]) -> RefundRequest:
        """The request as the payments area takes it."""
        return RefundRequest(body.get("amount"), body["lines"], body["payments"])


class NewRefundSchema(RefundRequestSchema):
    """A refund to grant."""

    reason = Choice("RefundReason", REFUND_REASONS, required=True)


class PaymentBalanceSchema(ResponseSchema):
    """A payment of an order, and what has happened to its money. `pending` is granted and not refunded yet."""

    id = fields.UUID()
    status = Choice("PaymentStatus", PAYMENT_STATUSES)
    amount = AmountOf()
    authorised = AmountOf()
    captured = AmountOf()
    refunded = AmountOf()
    pending = AmountOf()
    disputed = AmountOf()
    refundable = AmountOf()
    provider_ref = fields.String(allow_none=True, metadata={"examples": ["pi_3MtwBwLkdIwHu7ix28a3tqPa"]})
    created_at = fields.AwareDateTime()


class PaymentsSchema(ResponseSchema):
    """The payments of an order, the first one first."""

    data = fields.List(fields.Nested(PaymentBalanceSchema))


class PlannedPartSchema(ResponseSchema):
    """An amount, in minor units, that would go back to a payment."""

    payment_id = fields.UUID()
    amount = fields.Integer(metadata=MINOR_UNITS)


class RefundedUnitsSchema(ResponseSchema):
    """Units of a line, and what the buyer paid for them after discounts, in minor units."""

    line_id = fields.UUID()
    quantity = fields.Integer(metadata={"examples": [1]})
    amount = fields.Integer(metadata=MINOR_UNITS)


class RefundSuggestionSchema(ResponseSchema):
    """A refund as it could be granted now."""

    amount = fields.Nested(MoneySchema)
    refundable = fields.Nested(MoneySchema, metadata={"description": "The most that can be refunded"})
    lines = fields.List(fields.Nested(RefundedUnitsSchema))
    payments = fields.List(fields.Nested(PlannedPartSchema), attribute="parts")


class RefundSchema(ResponseSchema):
    """A refund of an order. Its `version` is its ETag."""

    id = fields.UUID()
    order_id = fields.UUID()
    status = Choice("RefundStatus", REFUND_STATUSES)
    amount = AmountOf()
    reason = Choice("RefundReason", REFUND_REASONS)
    granted_by = fields.UUID()
    granted_at = fields.AwareDateTime()
    executed_by = fields.UUID(allow_none=True)
    executed_at = fields.AwareDateTime(allow_none=True)
    version = fields.Integer(metadata={"examples": [1]})


class RefundsSchema(ResponseSchema):
    """The refunds of an order, the first one first."""

    data = fields.List(fields.Nested(RefundSchema))
