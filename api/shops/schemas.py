"""What shops and their locations take and answer."""

from datetime import date
from typing import Any

from marshmallow import ValidationError, fields, post_load, validates_schema

from api.answers import AddressSchema, AnswerSchema
from api.identity.own_schemas import TIME_ZONE as ZONE
from api.identity.own_schemas import known_time_zone
from api.sales.schemas import NewAddressSchema
from api.schemas import Flag, Like, List, Name, Schema, Text, WholeSchema
from domain.shops.hours import MAX_LENGTH
from domain.shops.schedule import TIME_SPANS

NAME = {"examples": ["Paper & Sons, Antwerp"]}
PICKUP = {"description": "Whether buyers may fetch what they order"}
DELIVERY = {"description": "Whether it is sent to them"}
TIME_ZONE = {**ZONE, "examples": ["Europe/Brussels"]}
HOURS = {
    "description": "OpenStreetMap's opening_hours, by the clock on the wall; PH are the country's public holidays. "
    "Null: not known",
    "examples": ["Mo-Fr 09:00-18:00; Sa 10:00-14:00; PH off"],
}
MOST_EXCEPTIONS = 100


def of_this_century(at: date) -> None:
    """Raise ValidationError for days and times at which calendars and time zones are not known."""
    if at.year // 100 != 20:  # noqa: PLR2004 - its years
        raise ValidationError("This is not of this century: use the years 2000 to 2099.")


class ShopChangeSchema(Schema):
    """What to change of a shop; leave out what stays. It offers pick-up, delivery or both."""

    name = Name(metadata=NAME)
    offers_pickup = Flag(metadata=PICKUP)
    offers_delivery = Flag(metadata=DELIVERY)


class NewShopSchema(ShopChangeSchema):
    """A shop to open. Unless it says so it delivers, and has no pick-up."""

    name = Name(required=True, metadata=NAME)


class ShopSchema(AnswerSchema):
    """A shop. Its `version` is its ETag."""

    id = fields.UUID()
    company_id = fields.UUID()
    name = fields.String(metadata=NAME)
    offers_pickup = fields.Boolean(metadata=PICKUP)
    offers_delivery = fields.Boolean(metadata=DELIVERY)
    version = fields.Integer(metadata={"examples": [1]})
    created_at = fields.AwareDateTime()
    closed_at = fields.AwareDateTime(allow_none=True)


class NewOpeningExceptionSchema(WholeSchema):
    """A day, or several in a row, on which a place is open at other hours, or not at all (`hours` left out or null)."""

    first_day = fields.Date(required=True, validate=of_this_century, metadata={"examples": ["2026-12-24"]})
    last_day = fields.Date(
        validate=of_this_century,
        metadata={"description": "The first day, unless given; null: that", "examples": ["2026-12-26"]},
    )
    hours = fields.String(
        load_default=None, allow_none=True, validate=Like(f"^{TIME_SPANS}$", error="Such as 10:00-14:00."),
        metadata={"description": "Null: closed", "examples": ["10:00-14:00"]},
    )  # fmt: skip
    reason = Text(load_default=None, allow_none=True, longest=100, metadata={"examples": ["Christmas"]})

    @validates_schema
    def in_order(self, data: dict[str, Any], **_: Any) -> None:
        """Raise ValidationError when it ends before it begins."""
        if data.get("last_day", data["first_day"]) < data["first_day"]:
            raise ValidationError("The last day comes before the first.", "last_day")

    @post_load
    def as_kept(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """The exception as it is kept, in JSON."""
        first, last = data["first_day"], data.get("last_day", data["first_day"])
        return {**data, "first_day": first.isoformat(), "last_day": last.isoformat()}


class OpeningExceptionSchema(AnswerSchema):
    """An exception as it is kept."""

    first_day = fields.String(metadata={"format": "date"})
    last_day = fields.String(metadata={"format": "date"})
    hours = fields.String(allow_none=True)
    reason = fields.String(allow_none=True)


class LocationChangeSchema(Schema):
    """What to change of a location; leave out what stays. `exceptions` are replaced as a whole."""

    name = Name(metadata={"examples": ["Harbour Street"]})
    address = fields.Nested(NewAddressSchema)
    time_zone = fields.String(validate=known_time_zone, metadata=TIME_ZONE)
    opening_hours = Text(allow_none=True, longest=MAX_LENGTH, metadata=HOURS)
    exceptions = List(
        fields.Nested(NewOpeningExceptionSchema),
        most=MOST_EXCEPTIONS,
        allow_none=True,
        metadata={"description": "Null: none"},
    )
    offers_pickup = Flag(metadata=PICKUP)


class NewLocationSchema(LocationChangeSchema):
    """A location to add."""

    name = Name(required=True, metadata={"examples": ["Harbour Street"]})
    address = fields.Nested(NewAddressSchema, required=True)
    time_zone = fields.String(required=True, validate=known_time_zone, metadata=TIME_ZONE)


class LocationSchema(AnswerSchema):
    """A place of a shop. Its `version` is its ETag."""

    id = fields.UUID()
    shop_id = fields.UUID()
    name = fields.String()
    address = fields.Nested(AddressSchema)
    time_zone = fields.String(metadata=TIME_ZONE)
    opening_hours = fields.String(allow_none=True, metadata=HOURS)
    exceptions = fields.List(fields.Nested(OpeningExceptionSchema))
    offers_pickup = fields.Boolean(metadata=PICKUP)
    version = fields.Integer(metadata={"examples": [1]})
    created_at = fields.AwareDateTime()


class OpeningQuery(Schema):
    """When to look."""

    at = fields.AwareDateTime(
        load_default=None, validate=of_this_century, metadata={"description": "Now, unless given; of this century"}
    )


class OpeningSchema(AnswerSchema):
    """Whether a place is open."""

    state = fields.String(metadata={"description": "open, closed or unknown", "examples": ["open"]})
    comment = fields.String(metadata={"examples": ["Christmas"]})
    local_time = fields.String(
        metadata={"description": "What the clock on its wall shows", "examples": ["2026-11-27T10:30:00+01:00"]}
    )
    changes_at = fields.AwareDateTime(
        allow_none=True, metadata={"description": "When that changes; null: not within a year"}
    )
