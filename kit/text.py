"""Checks of single-line user input: line breaks, control and direction characters, invisible text, links."""

import re
import unicodedata

CONTROLS = r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
"""C0 and C1 controls, line and paragraph separators, and Unicode's Bidi_Control characters; for a character class."""
INVISIBLE = (
    CONTROLS + r"\s\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2060-\u2065\u206a-\u206f\u2800"
    r"\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
)
"""CONTROLS, spaces, Unicode's Default_Ignorable_Code_Point, and the blank Braille pattern; for a character class."""
ONE_LINE = f"^[^{CONTROLS}]*[^{INVISIBLE}][^{CONTROLS}]*$"
"""One line with a visible character; a pattern for JSON Schema (ECMA-262) and Python."""
SEVERAL_LINES = "^[^{}]*$".format(CONTROLS.replace(r"\x00-\x1f", r"\x00-\x09\x0b\x0c\x0e-\x1f"))
"""Lines, which may be empty; a pattern for JSON Schema (ECMA-262) and Python."""

SLUG = "[a-z0-9]+(-[a-z0-9]+)*"
"""A name in public addresses: words of lower-case letters and digits."""

_CONTROL_PATTERN = re.compile(f"[{CONTROLS}]")
# With ignorable characters beyond the first plane, too, whose syntax differs in ECMA-262.
_ALL_INVISIBLE = INVISIBLE + "\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
_VISIBLE_PATTERN = re.compile(f"[^{_ALL_INVISIBLE}]")
_IGNORED_PATTERN = re.compile(rf"(?!\s)[{_ALL_INVISIBLE}]")
_LINK_PATTERN = re.compile(r"://|www[.\u3002]", re.IGNORECASE)


def is_one_line(text: str) -> bool:
    """Whether the text is free of line breaks, other control characters and direction controls (Unicode UAX 9)."""
    return _CONTROL_PATTERN.search(text) is None


def is_visible(text: str) -> bool:
    """Whether the text has a visible character."""
    return _VISIBLE_PATTERN.search(text) is not None


def has_link(text: str) -> bool:
    """Whether the text contains `://` or `www.`, also in full-width letters or with invisible characters in between.

    Mail programs turn these into links. A bare domain such as Booking.com is allowed as a name.
    """
    if text.isascii():
        return _LINK_PATTERN.search(text) is not None
    return _LINK_PATTERN.search(unicodedata.normalize("NFKC", _IGNORED_PATTERN.sub("", text))) is not None


def without_links(text: str) -> str:
    """The text without its words that contain a link."""
    if not has_link(text):
        return text
    return " ".join(word for word in text.split() if not has_link(word))
