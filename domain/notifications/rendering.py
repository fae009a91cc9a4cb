"""Turns a mail's row into the message that goes out, as text and as HTML."""

import re
from binascii import b2a_qp
from collections.abc import Mapping
from email.headerregistry import Address
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from domain.notifications.context import AccountTemplate, Template
from domain.notifications.errors import MailRefused
from domain.notifications.explanations import explain
from domain.notifications.mailer import Message
from kit import clock
from kit.config import settings
from kit.money import Money
from kit.text import without_links

ADDRESS = ("name", "company", "line1", "line2", "street", "postal_code", "city", "state", "region", "country")
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def render(
    *, template: Template | AccountTemplate, context: Mapping[str, Any], recipient: str, mail_id: UUID, occasion: str
) -> Message:
    """Write the mail; repeated for the same `mail_id`, it carries the same Message-ID (RFC 5322, 3.6.4).

    `context` is a Context, or an AccountContext. Raises MailRefused when no mail can be sent to `recipient`.
    """
    sender, address = settings().mail_from, _address(recipient)
    envelope_sender = _without_name(sender)
    told = _one_line(context)
    # The company's look is for its buyers: the address of the company itself may be a stranger's.
    branding = {} if template.endswith("_merchant") else told.get("branding", {})
    if "name" in branding:
        sender = str(Address(_unstructured(branding["name"]), addr_spec=envelope_sender))
    text, html = (_templates.get_template(f"{template}.{kind}.j2") for kind in ("txt", "html"))
    subject = without_links("".join(text.blocks["subject"](text.new_context(told))))
    headers = (
        _header("Message-ID", f"<{mail_id}@{envelope_sender.rpartition('@')[2]}>")
        + f"Date: {format_datetime(clock.now())}\r\n"
        + _header("From", sender)
        + _header("To", address)
        + (_header("Reply-To", branding["reply_to"]) if "reply_to" in branding else "")
        + _header("Subject", _unstructured(subject))
        + _header("Auto-Submitted", "auto-generated")  # RFC 3834: keeps out-of-office replies away
        + _header("X-OrderX-Occasion", _unstructured(occasion))
    )
    body = _ALTERNATIVES % {
        b"boundary": b"=_" + mail_id.hex.encode(),  # which quoted-printable cannot contain (RFC 2045, 6.7)
        b"plain": _quoted_printable(text.render(told, branding=branding)),
        b"html": _quoted_printable(html.render(told, subject=subject, branding=branding)),
    }
    return Message(envelope_sender, address, headers.encode() + body)


_ALTERNATIVES = b"""\
MIME-Version: 1.0
Content-Type: multipart/alternative;
 boundary="%(boundary)s"

--%(boundary)s
Content-Type: text/plain; charset="utf-8"
Content-Transfer-Encoding: quoted-printable

%(plain)s
--%(boundary)s
Content-Type: text/html; charset="utf-8"
Content-Transfer-Encoding: quoted-printable

%(html)s
--%(boundary)s--
""".replace(b"\n", b"\r\n")


def _header(name: str, value: str) -> str:
    return f"{name}: {value}\r\n" if _WORD.fullmatch(value) else _folded(name, value)


_WORD = re.compile("[!-<>-~]{1,60}")
"""What is neither to be folded nor encoded, nor looks as if it were."""


@lru_cache(maxsize=1000)
def _folded(name: str, value: str) -> str:
    # By the standard library, which takes longer over one header than everything else here takes together.
    return str(SMTP.header_factory(name, value).fold(policy=SMTP))


def _quoted_printable(text: str) -> bytes:
    """Every line short and 7-bit, whatever is in a name."""
    return b2a_qp(text.encode().replace(b"\n", b"\r\n"))


@lru_cache(maxsize=8)
def _without_name(mailbox: str) -> str:
    return parseaddr(mailbox)[1]


@lru_cache(maxsize=1000)
def _address(recipient: str) -> str:
    try:
        valid = validate_email(recipient, allow_smtputf8=False, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        raise MailRefused(f"No mail can be sent to this address: {error}") from None
    return valid.ascii_email or ""


def _one_line(value: Any) -> Any:
    """The same JSON with every string on one line, so that no name can forge a header or a line of text."""
    match value:
        case str() if value.isprintable() and "  " not in value:  # most are as they shall be: no control is printable
            return value.strip()
        case str():
            return " ".join(CONTROLS.sub(" ", value).split())
        case Mapping():
            return {key: _one_line(item) for key, item in value.items()}
        case list():
            return [_one_line(item) for item in value]
        case _:
            return value


def _unstructured(value: str) -> str:
    # The header registry decodes encoded words (RFC 2047) in what it is given, line breaks inside them included.
    return str(_one_line(value)).replace("=?", "= ?")


@lru_cache(maxsize=1000)
def _money(amount: int, currency: str) -> str:
    return str(Money(amount, currency))


def _address_lines(address: Mapping[str, Any]) -> list[str]:
    """The filled-in parts of an address in the order they are written on a parcel."""
    rank = {part: place for place, part in enumerate(ADDRESS)}
    parts = sorted(address.items(), key=lambda item: rank.get(item[0], len(rank)))
    return [str(value) for _, value in parts if value]


_templates = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=select_autoescape(["html.j2"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    auto_reload=False,
)
_templates.filters |= {"money": _money, "address_lines": _address_lines}
_templates.globals = {"explain": explain}  # instead of Jinja's own, of which each of a mail's parts is given a copy
