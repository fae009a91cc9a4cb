"""How a file is written, as its sender declares it. Nothing of it is guessed."""

import re
from dataclasses import dataclass
from decimal import Decimal

from kit.errors import Invalid

KINDS = ("csv", "jsonl")
ENCODINGS = ("utf-8", "windows-1252", "iso-8859-1", "iso-8859-15")
DELIMITERS = (",", ";", "\t", "|")
DECIMAL_SEPARATORS = (".", ",")
THOUSANDS_SEPARATORS = ("", ".", ",", " ", "'")
LIST_SEPARATOR = "|"
"""Between the entries of a list in a cell of CSV. In an entry it follows a backslash, as does a backslash."""


@dataclass(frozen=True, slots=True)
class FileFormat:
    """The format of a file. Raises Invalid if it could be read in two ways.

    JSON lines are always UTF-8, and their numbers those of JSON; the separators count for CSV only.
    """

    kind: str = "csv"
    encoding: str = "utf-8"
    delimiter: str = ","
    decimal_separator: str = "."
    thousands_separator: str = ""

    def __post_init__(self) -> None:
        if self.decimal_separator == self.thousands_separator:
            raise Invalid(fields={"thousands_separator": ["This is the decimal separator, too: choose another one."]})
        if self.is_jsonl and self.encoding != "utf-8":
            raise Invalid(fields={"encoding": ["JSON lines are encoded in UTF-8 (RFC 8259, section 8.1)."]})

    @property
    def is_jsonl(self) -> bool:
        """Whether each line is a JSON object."""
        return self.kind == "jsonl"

    def read_decimal(self, text: str) -> Decimal:
        """A number in this format; raises ValueError, and never takes one separator for the other."""
        if not re.fullmatch(self._number_pattern(), text):
            raise ValueError(f"This is not a number as the file declares them, such as {self._example()}.")
        plain = text.replace(self.thousands_separator, "") if self.thousands_separator else text
        return Decimal(plain.replace(self.decimal_separator, "."))

    def _number_pattern(self) -> str:
        digits = "[0-9]{1,30}"
        if self.thousands_separator and not self.is_jsonl:
            digits = f"(?:[0-9]{{1,3}}(?:{re.escape(self.thousands_separator)}[0-9]{{3}}){{1,9}}|{digits})"
        return f"-?{digits}(?:{re.escape(self.decimal_separator)}[0-9]{{1,30}})?"

    def _example(self) -> str:
        return f"1{self.thousands_separator}234{self.decimal_separator}50"
