"""A string field with a fixed set of values, as one named enum type of the OpenAPI document."""

from collections.abc import Callable, Collection
from typing import Any

from marshmallow import fields, validate


class Choice(fields.String):
    """One of the given values, in requests and responses.

    The OpenAPI document has it as the component `name`, so generated clients have one type for all its uses.
    `values` is a function where the areas declare them: it is called once they are registered.
    """

    def __init__(self, name: str, values: Collection[str] | Callable[[], Collection[str]], **kwargs: Any) -> None:
        self.component = name
        self._values = values
        super().__init__(validate=self._require_known, **kwargs)

    @property
    def values(self) -> list[str]:
        """The values, in their order."""
        return list(self._values() if callable(self._values) else self._values)

    def _require_known(self, value: str) -> None:
        validate.OneOf(self.values)(value)
