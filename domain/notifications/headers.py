"""Writing mail headers (RFC 5322) with short lines, and with encoded words (RFC 2047) for text that is not ASCII.

The standard library is not used, because its folding has bugs in some Python versions: a long name loses the quotes
around its comma and becomes several addresses, or words lose the space between them.
"""

import re
from base64 import b64encode
from collections.abc import Iterator

MAX_LINE_LENGTH = 78
"""Characters (RFC 5322, 2.1.1)."""
BYTES_PER_WORD = 30
"""An encoded word of this many bytes fits on one line with the name of any of our headers."""
_CONTINUATION = 0b10
"""The first two bits of a UTF-8 continuation byte (RFC 3629)."""
_ATOMS_PATTERN = re.compile("[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
"""Characters that need no quotes in a name (RFC 5322, 3.2.3)."""
_ENCODED_WORD = "=?"


def text_header(name: str, text: str) -> str:
    """Write a header with free text, such as Subject. The text must be one line without control characters."""
    folded = _folded(f"{name}:", text) if _is_plain(text) else None
    return folded or f"{name}: {_encoded(text)}\r\n"


def mailbox_header(name: str, *, display_name: str, address: str) -> str:
    """Write a header with one address and its display name. Both must be one line without control characters."""
    if not display_name:
        return f"{name}: {address}\r\n"
    name_part = display_name if _ATOMS_PATTERN.fullmatch(display_name) else f'"{_escaped(display_name)}"'
    line = f"{name}: {name_part} <{address}>\r\n"
    if _is_plain(name_part) and len(line) <= MAX_LINE_LENGTH:
        return line
    return f"{name}: {_encoded(display_name)}\r\n <{address}>\r\n"


def _is_plain(text: str) -> bool:
    return text.isascii() and _ENCODED_WORD not in text


def _escaped(text: str) -> str:
    return re.sub(r'(["\\])', r"\\\1", text)


def _folded(line: str, text: str) -> str | None:
    """Append the text to the line, folded at spaces; None if that is impossible."""
    words, lines = text.split(" "), []
    if "" in words or len(line) + 1 + len(words[0]) > MAX_LINE_LENGTH:
        return None
    for word in words:
        if len(line) + 1 + len(word) > MAX_LINE_LENGTH:
            lines.append(line)
            line = ""
        line += f" {word}"
    lines.append(line)
    return None if max(map(len, lines)) > MAX_LINE_LENGTH else "".join(f"{each}\r\n" for each in lines)


def _encoded(text: str) -> str:
    """Encode the text as encoded words, one per line. White space between them is ignored (RFC 2047, 6.2)."""
    return "\r\n ".join(f"=?utf-8?b?{b64encode(part).decode()}?=" for part in _parts(text))


def _parts(text: str) -> Iterator[bytes]:
    """Split the text into parts of UTF-8, between characters."""
    rest = text.encode()
    while len(rest) > BYTES_PER_WORD:
        end = BYTES_PER_WORD
        while rest[end] >> 6 == _CONTINUATION:
            end -= 1
        yield rest[:end]
        rest = rest[end:]
    yield rest
