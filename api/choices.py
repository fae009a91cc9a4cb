"""Words to choose from, as one named type of the document."""

from collections.abc import Collection
from typing import Any

from marshmallow import fields, validate


class Choice(fields.String):
    """One of some words, in requests and answers.

    The document has it as the component `name`: so clients that are generated from it have one type for it wherever
    it stands, and no two types of one name.
    """

    def __init__(self, name: str, words: Collection[str], **kwargs: Any) -> None:
        self.component = name
        self.words = list(words)
        super().__init__(validate=validate.OneOf(self.words), **kwargs)
