"""Turns a mail's row into the message that goes out, as text and as HTML."""

import re
from collections.abc import Mapping
from email.headerregistry import Address, HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from domain.notifications.context import AccountTemplate, Template
from domain.notifications.errors import MailRefused
from domain.notifications.explanations import explain
from kit import clock
from kit.config import settings
from kit.money import Money

ADDRESS = ("name", "company", "line1", "line2", "street", "postal_code", "city", "state", "region", "country")


class _Headers(HeaderRegistry):
    """The standard library's headers, without a new class for each header of each mail."""

    def __init__(self) -> None:
        super().__init__()
        self._classes: dict[str, type] = {}

    def __getitem__(self, name: str) -> type:
        if name not in self._classes:
            self._classes[name] = super().__getitem__(name)
        return self._classes[name]


POLICY = SMTP.clone(header_factory=_Headers())
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def render(
    *, template: Template | AccountTemplate, context: Mapping[str, Any], recipient: str, mail_id: UUID, occasion: str
) -> EmailMessage:
    """Write the mail; repeated for the same `mail_id`, it carries the same Message-ID (RFC 5322, 3.6.4).

    `context` is a Context, or an AccountContext. Raises MailRefused when no mail can be sent to `recipient`.
    """
    sender = settings().mail_from
    told = _one_line(context)
    text = _templates.get_template(f"{template}.txt.j2")
    subject = "".join(text.blocks["subject"](text.new_context(told)))
    message = EmailMessage(policy=POLICY)
    message["Message-ID"] = f"<{mail_id}@{parseaddr(sender)[1].rpartition('@')[2]}>"
    message["Date"] = clock.now()
    message["From"] = sender
    message["To"] = _address(recipient)
    message["Subject"] = _unstructured(subject)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: keeps out-of-office replies away
    message["X-OrderX-Occasion"] = _unstructured(occasion)
    html = _templates.get_template(f"{template}.html.j2")
    # Quoted-printable keeps every line short and 7-bit, whatever is in a name.
    message.set_content(text.render(told), cte="quoted-printable")
    message.add_alternative(html.render(told, subject=subject), subtype="html", cte="quoted-printable")
    return message


@lru_cache(maxsize=1000)
def _address(recipient: str) -> Address:
    try:
        valid = validate_email(recipient, allow_smtputf8=False, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        raise MailRefused(f"No mail can be sent to this address: {error}") from None
    return Address(addr_spec=valid.ascii_email or "")


def _one_line(value: Any) -> Any:
    """The same JSON with every string on one line, so that no name can forge a header or a line of text."""
    match value:
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
_templates.globals["explain"] = explain
