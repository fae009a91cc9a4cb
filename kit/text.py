"""What one line of text must not hold: line breaks, direction controls, nothing to see, or a link."""

import re
import unicodedata

CONTROLS = r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
"""C0 and C1 controls, the line and the paragraph separator, and Unicode's Bidi_Control characters, for a class."""
INVISIBLE = (
    CONTROLS + r"\s\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2060-\u2065\u206a-\u206f\u2800"
    r"\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
)
"""Those, spaces, and what shows nothing: Unicode's Default_Ignorable_Code_Point, and the empty Braille pattern."""
ONE_LINE = f"^[^{CONTROLS}]*[^{INVISIBLE}][^{CONTROLS}]*$"
"""One line of text that shows something, as JSON Schema (ECMA-262) and Python read it."""

_CONTROL = re.compile(f"[{CONTROLS}]")
# What is ignorable beyond the first plane, too, which ECMA-262 writes in another way.
_NOTHING_TO_SEE = INVISIBLE + "\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
_VISIBLE = re.compile(f"[^{_NOTHING_TO_SEE}]")
_IGNORED = re.compile(rf"(?!\s)[{_NOTHING_TO_SEE}]")
_LINK = re.compile(r"://|www[.\u3002]", re.IGNORECASE)


def is_one_line(text: str) -> bool:
    """Whether the text is free of line breaks, other control characters and direction controls (Unicode UAX 9)."""
    return _CONTROL.search(text) is None


def is_visible(text: str) -> bool:
    """Whether the text has a character that shows something."""
    return _VISIBLE.search(text) is not None


def has_link(text: str) -> bool:
    """Whether the text holds `://` or `www.`, also in full-width letters or with invisible characters in between.

    Mail programs make links of these. A bare domain such as Booking.com is a name.
    """
    if text.isascii():
        return _LINK.search(text) is not None
    return _LINK.search(unicodedata.normalize("NFKC", _IGNORED.sub("", text))) is not None


def without_links(text: str) -> str:
    """The text without the words that hold a link."""
    if not has_link(text):
        return text
    return " ".join(word for word in text.split() if not has_link(word))
