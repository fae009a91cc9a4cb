"""Canonical forms of text that people send: names, notes, email addresses, phone numbers and languages.

Each function returns the text to store, and raises ValueError with a message that says how to fix it. They serve the
API and files that are imported.
"""

import re

import phonenumbers
from babel import Locale
from babel.core import UnknownLocaleError
from email_validator import EmailNotValidError, validate_email

from kit import card_numbers
from kit.text import has_link, is_one_line, is_visible

MAX_EMAIL_LENGTH = 254
"""RFC 5321, section 4.5.3.1.3."""
MAX_LOCAL_PART_LENGTH = 64
"""Octets before the `@` (RFC 5321, section 4.5.3.1.1); they are ASCII."""
LANGUAGE_TAG = "^[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?$"
"""A language with an optional script and region (BCP 47, section 2.1)."""
MAX_LANGUAGE_TAG_LENGTH = 35
"""The length that implementations should support (BCP 47, section 4.4.1)."""
CARD_NUMBER_MESSAGE = "This looks like a card number. Send card numbers in payment.card only."
UNKNOWN_LANGUAGE_MESSAGE = "This is not a known language tag, such as en-GB."
_INVISIBLE_MESSAGE = "Send at least one visible character."


def one_line(text: str) -> str:
    """One line of visible text, stripped of surrounding blanks."""
    if not is_one_line(text):
        raise ValueError("Remove line breaks and other control or direction characters.")
    if not is_visible(text):
        raise ValueError(_INVISIBLE_MESSAGE)
    return without_card_number(text).strip()


def several_lines(text: str) -> str:
    """Visible text of several lines, or empty. Every line break becomes a line feed."""
    lines = re.split("\r?\n", text)
    if not all(is_one_line(line) for line in lines):
        raise ValueError("Remove control and direction characters, except line breaks.")
    text = "\n".join(lines).strip()
    if text and not is_visible(text):
        raise ValueError(_INVISIBLE_MESSAGE)
    return without_card_number(text)


def name(text: str) -> str:
    """A name: one line without links, because mails to other people contain it."""
    text = one_line(text)
    if has_link(text):
        raise ValueError("Remove links: :// and www. are not allowed here.")
    return text


def without_card_number(text: str) -> str:
    """The text, unless it seems to contain a card number, because the text is stored."""
    if card_numbers.appears_in(text):
        raise ValueError(CARD_NUMBER_MESSAGE)
    return text


def email_address(text: str) -> str:
    """An email address in lower case. Whether its domain exists is not checked."""
    try:
        parsed = validate_email(without_card_number(text), check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        raise ValueError("This is not a mail address.") from None
    if len(parsed.local_part) > MAX_LOCAL_PART_LENGTH:
        raise ValueError(f"Longer than {MAX_LOCAL_PART_LENGTH} characters before the @.")
    return parsed.normalized.lower()


def phone_number(text: str) -> str:
    """A phone number with its country code, in E.164."""
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_valid_number(number):
        raise ValueError("This is not a phone number. Start with + and the country code.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def language(text: str) -> str:
    """The BCP 47 tag of a language that CLDR knows; its syntax is checked first."""
    if not re.fullmatch(LANGUAGE_TAG, text):
        raise ValueError(UNKNOWN_LANGUAGE_MESSAGE)
    try:
        Locale.parse(text, sep="-")
    except (UnknownLocaleError, ValueError):
        raise ValueError(UNKNOWN_LANGUAGE_MESSAGE) from None
    return text
