"""The section of a person's export that is about orders."""

from typing import Any

from marshmallow import fields

from api.sales import serializers
from api.sales.schemas import OrderDetailsSchema


class _Orders(fields.List):
    """Orders with their lines, as their customer sees them."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **options: Any) -> Any:
        details = [serializers.order_details(order, lines, to_seller=False) for order, lines in value]
        return super()._serialize(details, attr, obj, **options)


SECTIONS = {"orders": _Orders(fields.Nested(OrderDetailsSchema))}
