"""Request and response schemas of the locations of shops."""

from datetime import date
from typing import Any

from marshmallow import ValidationError, fields, post_load, validates_schema

from api.http.contacts import TIME_ZONE as ZONE
from api.http.contacts import NewAddressSchema, require_time_zone
from api.http.fields import FullMatch, List, Name, StrictBoolean, Text
from api.http.responses import AddressSchema, ResponseSchema
from api.http.schemas import Schema, ValueObjectSchema
from api.shops.schemas import PICKUP
from domain.shops.hours import MAX_LENGTH
from domain.shops.opening_hours import TIME_SPANS

TIME_ZONE = {**ZONE, "examples": ["Europe/Brussels"]}
HOURS = {
    "description": "In OpenStreetMap's opening_hours syntax, in local time; PH are the public holidays of the country. "
    "Null: unknown",
    "examples": ["Mo-Fr 09:00-18:00; Sa 10:00-14:00; PH off"],
}
MAX_EXCEPTIONS = 100


def require_this_century(at: date) -> None:
    """Raise ValidationError for dates outside this century, for which calendars and time zones are unknown."""
    if at.year // 100 != 20:  # noqa: PLR2004 - its years
        raise ValidationError("Send a year from 2000 to 2099.")


class NewOpeningExceptionSchema(ValueObjectSchema):
    """Days on which a location has other opening hours, or is closed (`hours` null)."""

    first_day = fields.Date(required=True, validate=require_this_century, metadata={"examples": ["2026-12-24"]})
    last_day = fields.Date(
        validate=require_this_century,
        metadata={"description": "By default the first day", "examples": ["2026-12-26"]},
    )
    hours = fields.String(
        load_default=None, allow_none=True,
        validate=FullMatch(f"^{TIME_SPANS}$", error="Send hours such as 10:00-14:00."),
        metadata={"description": "Null: closed", "examples": ["10:00-14:00"]},
    )  # fmt: skip
    reason = Text(load_default=None, allow_none=True, max_length=100, metadata={"examples": ["Christmas"]})

    @validates_schema
    def _require_days_in_order(self, data: dict[str, Any], **_: Any) -> None:
        """Raise ValidationError if the last day is before the first."""
        if data.get("last_day", data["first_day"]) < data["first_day"]:
            raise ValidationError("The last day is before the first day.", "last_day")

    @post_load
    def as_json(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """The exception in JSON, as it is stored."""
        first, last = data["first_day"], data.get("last_day", data["first_day"])
        return {**data, "first_day": first.isoformat(), "last_day": last.isoformat()}


class OpeningExceptionSchema(ResponseSchema):
    """Days with other opening hours."""

    first_day = fields.String(metadata={"format": "date"})
    last_day = fields.String(metadata={"format": "date"})
    hours = fields.String(allow_none=True)
    reason = fields.String(allow_none=True)


class LocationChangeSchema(Schema):
    """The fields of a location to change. `exceptions` are replaced as a whole."""

    name = Name(metadata={"examples": ["Harbour Street"]})
    address = fields.Nested(NewAddressSchema)
    time_zone = fields.String(validate=require_time_zone, metadata=TIME_ZONE)
    opening_hours = Text(allow_none=True, max_length=MAX_LENGTH, metadata=HOURS)
    exceptions = List(
        fields.Nested(NewOpeningExceptionSchema),
        max_items=MAX_EXCEPTIONS,
        allow_none=True,
        metadata={"description": "Null removes all"},
    )
    offers_pickup = StrictBoolean(metadata=PICKUP)


class NewLocationSchema(LocationChangeSchema):
    """A new location."""

    name = Name(required=True, metadata={"examples": ["Harbour Street"]})
    address = fields.Nested(NewAddressSchema, required=True)
    time_zone = fields.String(required=True, validate=require_time_zone, metadata=TIME_ZONE)


class LocationSchema(ResponseSchema):
    """A location of a shop. Its `version` is its ETag."""

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
    """The time of the opening status."""

    at = fields.AwareDateTime(
        load_default=None, validate=require_this_century, metadata={"description": "By default now; years 2000 to 2099"}
    )


class OpeningStatusSchema(ResponseSchema):
    """Whether a location is open."""

    state = fields.String(metadata={"description": "open, closed or unknown", "examples": ["open"]})
    comment = fields.String(metadata={"examples": ["Christmas"]})
    local_time = fields.String(
        metadata={"description": "The local time of the location", "examples": ["2026-11-27T10:30:00+01:00"]}
    )
    changes_at = fields.AwareDateTime(
        allow_none=True, metadata={"description": "When the state changes; null: not within a year"}
    )
