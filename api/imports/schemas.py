"""Request and response schemas of imports."""

from typing import Any

from marshmallow import fields, validate

from api.http.choices import Choice
from api.http.fields import QueryInteger, StrictBoolean
from api.http.responses import ResponseSchema
from api.http.schemas import Schema
from domain.imports.declarations import kinds
from domain.imports.models import POLICIES
from domain.imports.queries import ImportProgress
from domain.imports.uploads import MAX_PARTS
from kit.tabular.formats import (
    DECIMAL_SEPARATORS,
    DELIMITERS,
    ENCODINGS,
    KINDS,
    THOUSANDS_SEPARATORS,
)

STATES = ("uploading", "running", "succeeded", "refused", "failed", "cancelled")
MAX_COLUMNS = 500
COLUMNS = {
    "description": "Names in the file, and the column that each is; null leaves a column out. Columns that already "
    "have the right name need not be mapped.",
    "examples": [{"E-Mail": "email", "Internal number": None}],
}


class FormatSchema(Schema):
    """How the file is written. Nothing of it is guessed."""

    kind = Choice("FileKind", KINDS, load_default="csv")
    encoding = Choice("FileEncoding", ENCODINGS, load_default="utf-8")
    delimiter = Choice("Delimiter", DELIMITERS, load_default=",", metadata={"description": "Between cells of CSV"})
    decimal_separator = Choice("DecimalSeparator", DECIMAL_SEPARATORS, load_default=".")
    thousands_separator = Choice("ThousandsSeparator", THOUSANDS_SEPARATORS, load_default="")


class NewImportSchema(Schema):
    """A new import. `all_or_nothing` writes all rows of at most 10,000, or none; `good_rows` all that are right."""

    kind = Choice("ImportKind", kinds, required=True, metadata={"description": "What the rows are"})
    format = fields.Nested(FormatSchema, load_default=lambda: FormatSchema().load({}))
    columns = fields.Dict(
        keys=fields.String(validate=validate.Length(min=1, max=200)),
        values=fields.String(allow_none=True, validate=validate.Length(max=200)),
        load_default=dict,
        validate=validate.Length(max=MAX_COLUMNS),
        metadata=COLUMNS,
    )
    policy = Choice("ImportPolicy", POLICIES, required=True)
    dry_run = StrictBoolean(load_default=False, metadata={"description": "Check and count the rows; write nothing"})


class PartQuery(Schema):
    """The number of a part of a file."""

    part = QueryInteger(load_default=0, validate=validate.Range(min=0, max=MAX_PARTS - 1))


class FormatResponseSchema(ResponseSchema):
    """How the file is written."""

    kind = Choice("FileKind", KINDS)
    encoding = Choice("FileEncoding", ENCODINGS)
    delimiter = Choice("Delimiter", DELIMITERS)
    decimal_separator = Choice("DecimalSeparator", DECIMAL_SEPARATORS)
    thousands_separator = Choice("ThousandsSeparator", THOUSANDS_SEPARATORS)


class ImportProgressSchema(ResponseSchema):
    """An import and its progress. `created`, `updated`, `unchanged` and `failed` count what rows have become so far.

    In a dry run they count what rows would become.
    """

    id = fields.UUID()
    kind = Choice("ImportKind", kinds)
    format = fields.Nested(FormatResponseSchema)
    columns = fields.Dict(
        keys=fields.String(), values=fields.String(allow_none=True), metadata={"examples": [{"E-Mail": "email"}]}
    )
    policy = Choice("ImportPolicy", POLICIES)
    dry_run = fields.Boolean()
    state = Choice("ImportState", STATES, metadata={"description": "`refused`: nothing was written, see `problem`"})
    problem = fields.String(
        allow_none=True,
        metadata={"examples": ["Line 1: The columns are separated by ';': declare it as the delimiter."]},
    )
    rows = fields.Integer(metadata={"description": "Rows read so far", "examples": [2500]})
    created = fields.Integer(metadata={"examples": [2000]})
    updated = fields.Integer(metadata={"examples": [400]})
    unchanged = fields.Integer(metadata={"examples": [90]})
    failed = fields.Integer(metadata={"examples": [10]})
    errors = fields.Function(
        lambda each: f"/api/imports/{each.running.id}/errors",
        metadata={
            "type": "string",
            "description": "Where to download what is wrong in which line",
            "examples": ["/api/imports/01a1f9fb-f07c-7766-bd40-d664d485d37e/errors"],
        },
    )
    job_id = fields.UUID(allow_none=True)
    created_at = fields.AwareDateTime()
    ended_at = fields.AwareDateTime(allow_none=True)

    def get_attribute(self, obj: ImportProgress, attr: str, default: Any) -> Any:
        """The state of the progress, or else a field of the import (marshmallow's hook)."""
        return super().get_attribute(obj if attr == "state" else obj.running, attr, default)
