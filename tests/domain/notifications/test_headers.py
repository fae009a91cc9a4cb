"""Mail headers, parsed by an independent parser."""

import re
from base64 import b64decode
from email import message_from_string
from email.header import decode_header, make_header
from email.policy import SMTP
from email.utils import getaddresses

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.notifications.headers import MAX_LINE_LENGTH, mailbox_header, text_header

ADDRESS = "orders@orderx.example"
CYRILLIC = "Ваш заказ в магазине Бумага и сыновья получен, спасибо вам большое за покупку в нашем магазине"
ARABIC = "طلبك في متجر الورق والأبناء قد تم استلامه شكرا جزيلا لك على الشراء من متجرنا اليوم"
LONG_WITH_COMMA = "Smith, " + "Jones " * 20 + "and Sons"

words = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=90)
texts = st.lists(words | st.sampled_from(["=", "?", ",", '"', "\\", "<a@b>", "();:@"]), min_size=1, max_size=20).map(
    lambda parts: " ".join(parts).replace("=?", "= ?")
)


def read(header):
    """The header's body as RFC 5322, 2.2.3 unfolds it and RFC 2047, 6.2 displays it."""
    body = header.removesuffix("\r\n").partition(": ")[2].replace("\r\n", "")
    joined = re.sub(r"\?=\s+=\?", "?==?", body)
    return re.sub(r"=\?utf-8\?b\?([^?]*)\?=", lambda word: b64decode(word[1]).decode(), joined)


def name_of(mailbox):
    """The name of `name <address>`, out of its quotes."""
    name = mailbox.removesuffix(f"<{ADDRESS}>").rstrip(" ")
    return re.sub(r"\\(.)", r"\1", name[1:-1]) if name.startswith('"') and name.endswith('"') else name


def refuse_long_or_foreign(header):
    assert header.endswith("\r\n")
    lines = header.removesuffix("\r\n").split("\r\n")
    assert all(len(line) <= MAX_LINE_LENGTH and line.isascii() and line.strip() for line in lines)
    assert all(line.startswith(" ") for line in lines[1:])


class TestTextHeader:
    @given(texts)
    @example(CYRILLIC)
    @example(ARABIC)
    @example("Plain words that are folded at their spaces and nowhere else, however many there are of them here")
    def test_arrives_as_it_was_written(self, text):
        header = text_header("Subject", text)
        refuse_long_or_foreign(header)
        assert read(header) == text
        assert str(make_header(decode_header(header.partition(": ")[2].replace("\r\n", "").strip()))) == text

    def test_stays_readable_where_it_is_plain(self):
        assert text_header("Subject", "New order, paid") == "Subject: New order, paid\r\n"


class TestMailboxHeader:
    @given(texts)
    @example(LONG_WITH_COMMA)
    @example("Paper, Sons and " + "x" * 80)
    @example("Привет, " + "мир " * 30 + "мир")
    @example("a" * 200 + ", b")
    def test_is_one_address_with_its_name(self, name):
        header = mailbox_header("From", display_name=name, address=ADDRESS)
        refuse_long_or_foreign(header)
        assert header.removesuffix("\r\n").endswith(f"<{ADDRESS}>")
        assert [address for _, address in getaddresses([header.partition(": ")[2].replace("\r\n", "")])] == [ADDRESS]
        [mailbox] = message_from_string(header + "\r\n", policy=SMTP)["From"].addresses
        assert mailbox.addr_spec == ADDRESS

    @pytest.mark.parametrize(
        "name", [LONG_WITH_COMMA, CYRILLIC, ARABIC, 'The "Mill"', "a\\b, c", "x@y.example", "OrderX"]
    )
    def test_keeps_the_name(self, name):
        header = mailbox_header("From", display_name=name, address=ADDRESS)
        assert name_of(read(header)) == name

    def test_is_the_address_alone_where_there_is_no_name(self):
        assert mailbox_header("To", display_name="", address=ADDRESS) == f"To: {ADDRESS}\r\n"
