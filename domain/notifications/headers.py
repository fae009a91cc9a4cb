"""Header lines of a mail (RFC 5322): short ones, and what is not plain ASCII in encoded words (RFC 2047).

By ourselves, as the standard library's folding has faults that depend on Python's version: in some, a long name loses
the quotes about its comma and reads as several addresses, or words lose the space between them.
"""

import re
from base64 import b64encode
from collections.abc import Iterator

LONGEST = 78
"""Characters of a line (RFC 5322, 2.1.1)."""
BYTES_PER_WORD = 30
"""Of an encoded word, which fits on a line then, behind the name of any header of ours."""
_CONTINUATION = 0b10
"""The first two bits of a byte that does not begin a character (RFC 3629)."""
_ATOMS = re.compile("[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
"""What needs no quotes in a name (RFC 5322, 3.2.3)."""
_ENCODED_WORD = "=?"


def text_header(name: str, text: str) -> str:
    """A header of free text on one line without control characters, such as Subject."""
    folded = _folded(f"{name}:", text) if _is_plain(text) else None
    return folded or f"{name}: {_encoded(text)}\r\n"


def mailbox_header(name: str, *, display_name: str, address: str) -> str:
    """A header of one address, with whose it is before it; both on one line without control characters."""
    if not display_name:
        return f"{name}: {address}\r\n"
    whose = display_name if _ATOMS.fullmatch(display_name) else f'"{_escaped(display_name)}"'
    line = f"{name}: {whose} <{address}>\r\n"
    if _is_plain(whose) and len(line) <= LONGEST:
        return line
    return f"{name}: {_encoded(display_name)}\r\n <{address}>\r\n"


def _is_plain(text: str) -> bool:
    return text.isascii() and _ENCODED_WORD not in text


def _escaped(text: str) -> str:
    return re.sub(r'(["\\])', r"\\\1", text)


def _folded(line: str, text: str) -> str | None:
    """The text behind what the line begins with, broken at its spaces; None where that cannot be."""
    words, lines = text.split(" "), []
    if "" in words or len(line) + 1 + len(words[0]) > LONGEST:
        return None
    for word in words:
        if len(line) + 1 + len(word) > LONGEST:
            lines.append(line)
            line = ""
        line += f" {word}"
    lines.append(line)
    return None if max(map(len, lines)) > LONGEST else "".join(f"{each}\r\n" for each in lines)


def _encoded(text: str) -> str:
    """The text as encoded words, one a line; the space between two of them does not count (RFC 2047, 6.2)."""
    return "\r\n ".join(f"=?utf-8?b?{b64encode(part).decode()}?=" for part in _parts(text))


def _parts(text: str) -> Iterator[bytes]:
    """The text in UTF-8, cut between characters."""
    rest = text.encode()
    while len(rest) > BYTES_PER_WORD:
        end = BYTES_PER_WORD
        while rest[end] >> 6 == _CONTINUATION:
            end -= 1
        yield rest[:end]
        rest = rest[end:]
    yield rest
