"""The blueprint every area uses."""

from typing import Any

import flask_smorest
from marshmallow import Schema

from api.parser import Parser


class Blueprint(flask_smorest.Blueprint):
    """A flask-smorest blueprint that reads requests strictly."""

    ARGUMENTS_PARSER = Parser()

    def arguments(self, schema: type[Schema], **options: Any) -> Any:
        """Read what the schema describes; the schema is made once, which costs more than reading with it."""
        return super().arguments(schema(), **options)
