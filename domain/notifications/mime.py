"""The body of a mail: a text and an HTML alternative (RFC 2046), as bytes.

Python's `email.message.EmailMessage` takes a hundred times as long: see docs/performance.md, "Our own code instead of a
library".
"""

from binascii import b2a_qp

MAX_LINE_LENGTH = 998
"""Characters of a line without its CRLF (RFC 5322, 2.1.1)."""
_BOUNDARY_START = b"=_"
"""Cannot occur in quoted-printable text (RFC 2045, 6.7)."""


_ALTERNATIVES = b"""\
MIME-Version: 1.0
Content-Type: multipart/alternative;
 boundary="%(boundary)s"

--%(boundary)s
Content-Type: text/plain; charset="utf-8"
Content-Transfer-Encoding: %(plain_encoding)s

%(plain)s
--%(boundary)s
Content-Type: text/html; charset="utf-8"
Content-Transfer-Encoding: %(html_encoding)s

%(html)s
--%(boundary)s--
""".replace(b"\n", b"\r\n")


def alternatives(plain: str, html: str, *, boundary: str) -> bytes:
    """Write the alternatives with their headers. HTML outside ASCII becomes character references."""
    plain_encoding, plain_lines = _transfer_encoded(plain.encode())
    html_encoding, html_lines = _transfer_encoded(html.encode("ascii", "xmlcharrefreplace"))
    return _ALTERNATIVES % {
        b"boundary": _BOUNDARY_START + boundary.encode(),
        b"plain_encoding": plain_encoding,
        b"plain": plain_lines,
        b"html_encoding": html_encoding,
        b"html": html_lines,
    }


def _transfer_encoded(content: bytes) -> tuple[bytes, bytes]:
    """Return the transfer encoding (RFC 2045, 6) and the content in 7-bit CRLF lines.

    Content that has such lines already stays as it is: quoted-printable takes five times as long.
    """
    content = content.replace(b"\n", b"\r\n")
    if content.isascii() and _BOUNDARY_START not in content and _longest_line(content) <= MAX_LINE_LENGTH:
        return b"7bit", content
    return b"quoted-printable", b2a_qp(content)


def _longest_line(content: bytes) -> int:
    return max(map(len, content.split(b"\r\n")))
