"""A string field with a fixed set of values, as one named enum type of the OpenAPI document."""

from collections.abc import Collection
from typing import Any

from marshmallow import fields, validate


class Choice(fields.String):
    """One of the given values, in requests and responses.

    The OpenAPI document has it as the component `name`, so generated clients have one type for all its uses.
    """

    def __init__(self, name: str, values: Collection[str], **kwargs: Any) -> None:
        self.component = name
        self.values = list(values)
        super().__init__(validate=validate.OneOf(self.values), **kwargs)
