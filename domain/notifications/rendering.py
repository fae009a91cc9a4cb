"""Rendering a mail as a MIME message with text and HTML."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from email.header import decode_header, make_header
from email.utils import format_datetime, parseaddr
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from domain.notifications.context import AccountTemplate, Template
from domain.notifications.errors import MailRefused
from domain.notifications.failure_messages import explain
from domain.notifications.headers import mailbox_header, text_header
from domain.notifications.mailer import Message
from domain.notifications.mime import alternatives
from kit import clock
from kit.config import settings
from kit.money import Money
from kit.text import without_links

ADDRESS_PARTS = ("name", "company", "line1", "line2", "street", "postal_code", "city", "state", "region", "country")
_PART_ORDER = {part: position for position, part in enumerate(ADDRESS_PARTS)}
_CONTROL_PATTERN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def render(
    *, template: Template | AccountTemplate, context: Mapping[str, Any], recipient: str, mail_id: UUID, occasion: str
) -> Message:
    """Render a mail. Repeated for the same `mail_id`, it has the same Message-ID (RFC 5322, 3.6.4).

    `context` is a Context or an AccountContext. Raises MailRefused when `recipient` is not a valid address.
    """
    (sender_name, sender), address = _mailbox(settings().mail_from), _address(recipient)
    values = _single_line(context)
    if template.endswith("_merchant"):
        values["branding"] = {}  # not in mails to the company, because its address is not verified
    branding = values.setdefault("branding", {})
    if "name" in branding:
        sender_name = _sanitize(branding["name"])
    text, html = (_templates.get_template(f"{template}.{kind}.j2") for kind in ("txt", "html"))
    text_context = text.new_context(values, shared=True)
    values["subject"] = subject = without_links("".join(text.blocks["subject"](text_context)))
    headers = (
        f"Message-ID: <{mail_id}@{sender.rpartition('@')[2]}>\r\n"
        f"Date: {_date(clock.now().replace(microsecond=0))}\r\n"
        + mailbox_header("From", display_name=sender_name, address=sender)
        + mailbox_header("To", display_name="", address=address)
        + (mailbox_header("Reply-To", display_name="", address=branding["reply_to"]) if "reply_to" in branding else "")
        + text_header("Subject", _sanitize(subject))
        + "Auto-Submitted: auto-generated\r\n"  # RFC 3834: prevents out-of-office replies
        + text_header("X-OrderX-Occasion", _sanitize(occasion))
    )
    plain = "".join(text.root_render_func(text_context))
    markup = "".join(html.root_render_func(html.new_context(values, shared=True)))
    return Message(sender, address, headers.encode() + alternatives(plain, markup, boundary=mail_id.hex))


@lru_cache(maxsize=1)
def _date(moment: datetime) -> str:
    return format_datetime(moment)


@lru_cache(maxsize=8)
def _mailbox(setting: str) -> tuple[str, str]:
    """Split `Name <address>`. The name can have encoded words."""
    name, address = parseaddr(setting)
    return _sanitize(str(make_header(decode_header(name)))), address


@lru_cache(maxsize=1000)
def _address(recipient: str) -> str:
    try:
        valid = validate_email(recipient, allow_smtputf8=False, check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError as error:
        raise MailRefused(f"No mail can be sent to this address: {error}") from None
    return valid.ascii_email or ""


def _single_line(value: Any) -> Any:
    """Return the same JSON with every string on one line, so that no name can inject a header or a line of text."""
    match value:
        case str() if (
            value.isprintable() and "  " not in value
        ):  # the usual case: printable text has no control characters
            return value.strip()
        case str():
            return " ".join(_CONTROL_PATTERN.sub(" ", value).split())
        case dict():
            return {key: _single_line(item) for key, item in value.items()}
        case list():
            return [_single_line(item) for item in value]
        case _:
            return value


def _sanitize(value: str) -> str:
    """Return one line without encoded words: some mail readers decode twice, and would find line breaks in them."""
    return str(_single_line(value)).replace("=?", "= ?")


@lru_cache(maxsize=1000)
def _money(amount: int, currency: str) -> str:
    return str(Money(amount, currency))


def _address_lines(address: Mapping[str, Any]) -> list[str]:
    """List the non-empty parts of an address in the order they are written on a parcel."""
    parts = sorted(address.items(), key=lambda item: _PART_ORDER.get(item[0], len(_PART_ORDER)))
    return [str(value) for _, value in parts if value]


class _TemplateLoader(FileSystemLoader):
    """Loads a template with its included templates in place: Jinja gives each included template another context."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        source, path, is_current = super().get_source(environment, template)
        return _INCLUDE_PATTERN.sub(lambda match: self.get_source(environment, match[1])[0], source), path, is_current


_INCLUDE_PATTERN = re.compile(r'{% include "([a-z_.0-9]+)" %}\n?')

_templates = Environment(
    loader=_TemplateLoader(Path(__file__).with_name("templates")),
    autoescape=select_autoescape(["html.j2"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    auto_reload=False,
    cache_size=-1,  # no limit: there are few templates
)
_templates.filters |= {"money": _money, "address_lines": _address_lines, "explain": explain}
_templates.globals.clear()  # without globals, contexts are shared with templates instead of copied
