from email import message_from_bytes
from email.policy import SMTP
from html.parser import HTMLParser
from typing import get_args
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.notifications.context import Template
from domain.notifications.errors import MailRefused
from domain.notifications.failure_messages import DECLINED, MESSAGES, UNFINISHED, explain
from domain.notifications.rendering import render
from kit.text import without_links
from tests.domain.notifications.example_order import CONTEXT, failed_order

MAIL_ID = UUID("0199f3a0-0000-7000-8000-0000000000aa")
TEMPLATES = get_args(Template)
HEADERS = [
    *("Message-ID", "Date", "From", "To", "Subject", "Auto-Submitted", "X-OrderX-Occasion"),
    *("MIME-Version", "Content-Type"),
]
ENCODED_LINE_BREAK = "=?utf-8?q?Ada=0D=0ABcc:_everyone@x.example?="


def written(template="order_received", context=CONTEXT, recipient="ada@x.example", occasion="order.created:1"):
    return render(template=template, context=context, recipient=recipient, mail_id=MAIL_ID, occasion=occasion)


def rendered(template="order_received", context=CONTEXT, recipient="ada@x.example", occasion="order.created:1"):
    """The mail as its reader gets it, parsed."""
    message = written(template, context, recipient, occasion)
    return message_from_bytes(message.content, policy=SMTP)


def text_of(message):
    return message.get_body(("plain",)).get_content().replace("\r\n", "\n")


def html_of(message):
    return message.get_body(("html",)).get_content()


class Skeleton(HTMLParser):
    """The tags and attributes of a page, and the text between them."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, attrs))

    def handle_endtag(self, tag):
        self.tags.append(("/" + tag, []))

    def handle_comment(self, data):
        self.tags.append(("comment", data))

    def handle_data(self, data):
        self.words.append(data)


class TestEveryTemplate:
    @pytest.fixture(params=TEMPLATES)
    def mail(self, request):
        return rendered(request.param, failed_order("expired_card"))

    def test_has_text_and_html_that_name_the_order_its_lines_and_its_total(self, mail):
        for body in (text_of(mail), " ".join(Skeleton(html_of(mail)).words)):
            for fact in (CONTEXT["number"], "Corner Shop", "Mug, hand-thrown", "MUG-1", "€39.98", "€43.63"):
                assert fact in body

    def test_shows_how_the_discount_leads_to_the_total(self, mail):
        assert "Subtotal: €48.48\n  Discount 10 %: -€4.85\n\n  Total: €43.63\n" in text_of(mail)

    def test_has_the_headers_of_an_automatic_mail(self, mail):
        assert mail.keys() == HEADERS
        assert mail["Message-ID"] == f"<{MAIL_ID}@orderx.example>"
        assert mail["From"] == "OrderX <orders@orderx.example>"
        assert mail["To"] == "ada@x.example"
        assert mail["Auto-Submitted"] == "auto-generated"
        assert mail["X-OrderX-Occasion"] == "order.created:1"
        assert mail["Date"].datetime.tzinfo is not None

    def test_fetches_nothing_from_elsewhere(self, mail):
        html = html_of(mail)
        assert "http" not in html
        assert "url(" not in html
        assert not {tag for tag, _ in Skeleton(html).tags} & {"img", "link", "script", "iframe"}

    def test_is_accessible_to_screen_readers(self, mail):
        tags = Skeleton(html_of(mail)).tags
        assert ("html", [("lang", "en")]) in tags
        assert sum(tag == "h1" for tag, _ in tags) == 1
        assert all(dict(attrs).get("scope") in ("col", "row") for tag, attrs in tags if tag == "th")

    @pytest.mark.parametrize("template", TEMPLATES)
    def test_is_seven_bit_with_lines_that_mail_servers_accept(self, template):
        head, _, body = written(template, failed_order("expired_card")).content.partition(b"\r\n\r\n")
        assert max(map(len, head.split(b"\r\n"))) <= 78
        assert max(map(len, body.split(b"\r\n"))) <= 998
        assert all(line.isascii() and not set(b"\r\n") & set(line) for line in (head + body).split(b"\r\n"))


BRANDING = {
    "name": "Papier & Söhne", "colour": "#1f4e79", "logo_url": "https://paper.example/logo.png",
    "reply_to": "hello@paper.example", "footer": "1 Harbour Street, Antwerp",
}  # fmt: skip


class TestBranding:
    @pytest.fixture
    def mail(self):
        return rendered(context={**CONTEXT, "branding": BRANDING})

    def test_sets_sender_and_reply_address(self, mail):
        assert mail["From"].addresses[0].display_name == "Papier & Söhne"
        assert mail["From"].addresses[0].addr_spec == "orders@orderx.example"
        assert mail["Reply-To"] == "hello@paper.example"

    def test_is_visible_and_accessible(self, mail):
        page = Skeleton(html_of(mail))
        assert ("img", [("src", "https://paper.example/logo.png"), ("alt", "Papier & Söhne")]) in page.tags
        assert "border-top: 4px solid #1f4e79" in html_of(mail)
        assert "1 Harbour Street, Antwerp" in " ".join(page.words)
        assert "\n1 Harbour Street, Antwerp\n" in text_of(mail)

    @pytest.mark.parametrize("one", BRANDING)
    def test_can_be_partial(self, one):
        mail = rendered(context={**CONTEXT, "branding": {one: BRANDING[one]}})
        assert "€43.63" in text_of(mail)

    def test_is_left_out_of_mails_that_were_enqueued_without_it(self):
        without = {name: value for name, value in CONTEXT.items() if name != "branding"}
        assert rendered(context=without).keys() == HEADERS

    @example(name=ENCODED_LINE_BREAK)
    @example(name="a\r\nBcc: everyone@x.example")
    @given(name=st.text(min_size=1))
    def test_cannot_inject_a_header(self, name):
        mail = rendered(context={**CONTEXT, "branding": {"name": name}})
        assert mail.keys() == HEADERS
        assert [each.addr_spec for each in mail["From"].addresses] == ["orders@orderx.example"]


class TestRender:
    def test_repeats_the_message_id_for_the_same_mail(self):
        assert rendered()["Message-ID"] == rendered()["Message-ID"]

    def test_mentions_no_discount_without_one(self):
        assert "Discount" not in text_of(rendered(context={**CONTEXT, "discount_percent": 0, "total": 4848}))

    def test_shows_the_rounding_of_a_total(self):
        rounded = {**CONTEXT, "currency": "KWD", "discount_percent": 0, "subtotal": 2666, "total": 2660}
        assert "Subtotal: KWD2.666\n  Rounded down: -KWD0.006\n\n  Total: KWD2.660\n" in text_of(
            rendered(context=rounded)
        )
        assert "Rounded down" in html_of(rendered(context=rounded))

    def test_writes_the_lines_of_the_address_in_postal_order(self):
        assert "Shipping to\n\n  Ada Lovelace\n  Torstraße 1\n  Berlin\n  DE\n" in text_of(rendered())

    def test_shows_the_total_in_the_subject_of_the_merchants_mail(self):
        assert rendered("order_received_merchant")["Subject"] == "New order at Corner Shop: €43.63"

    def test_encodes_an_international_domain_as_punycode(self):
        assert rendered(recipient="ada@bücher.example")["To"] == "ada@xn--bcher-kva.example"

    @pytest.mark.parametrize(
        "recipient",
        [
            *("", "ada", "Ada <ada@x.example>", "ä@x.example"),
            *("ada@x.example, eve@x.example", "ada@x.example\nBcc: eve@x.example"),
        ],
    )
    def test_refuses_an_invalid_address(self, recipient):
        with pytest.raises(MailRefused, match="No mail can be sent to this address"):
            rendered(recipient=recipient)


class TestPaymentFailed:
    @pytest.mark.parametrize("code", [*MESSAGES, "declined", "card_declined", "generic_decline", "never heard of"])
    def test_shows_the_reason_and_what_to_do(self, code):
        mail, (why, remedy) = rendered("payment_failed", failed_order(code)), explain(code)
        assert f"What happened: {why}\nWhat you can do: {remedy}\n" in text_of(mail)
        assert {why, remedy} <= set(Skeleton(html_of(mail)).words)

    def test_does_not_reveal_that_a_card_is_known_to_be_stolen(self):
        assert explain("stolen_card") == explain("lost_card") == explain("fraudulent") == DECLINED

    def test_does_not_name_the_bank_for_our_failures(self):
        assert explain("payment_provider_unavailable") == UNFINISHED


class TestAnyStrings:
    @given(words=st.lists(st.text(max_size=80), min_size=7, max_size=7), template=st.sampled_from(TEMPLATES))
    @example(words=["Ada\r\nBcc: everyone@x.example"] * 7, template="order_received")
    @example(words=[ENCODED_LINE_BREAK] * 7, template="order_received")
    @example(words=["=\n?utf-8?q?=0D=0ABcc:_everyone@x.example?="] * 7, template="order_received")
    @example(words=["</title></style><script>alert(1)</script>"] * 7, template="order_received")
    @example(words=["{{ order_id }}{% raw %}"] * 7, template="order_received")
    @example(words=["\ud800\x00\u2028\x85"] * 7, template="order_received")
    @example(words=["界" * 300] * 7, template="order_received")
    def test_break_neither_headers_nor_html(self, words, template):
        shop, company, customer, name, sku, street, occasion = words
        context = {
            **failed_order("expired_card"),
            "shop": shop,
            "company": company,
            "customer": customer,
            "lines": [{"name": name, "sku": sku, "quantity": 1, "unit_price": 1}],
            "shipping_address": {"line1": "1 " + street},
        }
        plain = {
            **context,
            **dict.fromkeys(("shop", "company", "customer"), "plain"),
            "lines": [{"name": "plain", "sku": "plain", "quantity": 1, "unit_price": 1}],
            "shipping_address": {"line1": "plain"},
        }
        mail, expected = rendered(template, context, occasion=occasion), rendered(template, plain)
        assert mail.keys() == HEADERS
        assert not mail.defects
        assert mail["To"] == "ada@x.example"
        assert not set("\r\n") & set(mail["Subject"] + mail["X-OrderX-Occasion"])
        assert Skeleton(html_of(mail)).tags == Skeleton(html_of(expected)).tags
        assert len(text_of(mail).split("\n")) == len(text_of(expected).split("\n"))

    @pytest.mark.parametrize("shop", ["x" * 1000, "--=_" + MAIL_ID.hex, "Caf\N{LATIN SMALL LETTER E WITH ACUTE}"])
    def test_are_encoded_where_a_line_is_too_long_or_looks_like_a_boundary(self, shop):
        mail = rendered(context={**CONTEXT, "shop": shop})
        assert mail.get_body(("plain",))["Content-Transfer-Encoding"] == "quoted-printable"
        assert f"\n{shop}, Corner Ltd\n" in text_of(mail)
        assert shop in " ".join(Skeleton(html_of(mail)).words)

    @given(shop=st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=200))
    def test_arrive_as_they_were_written(self, shop):
        mail = rendered(context={**CONTEXT, "shop": shop})
        assert f"\n{shop}, Corner Ltd\n" in text_of(mail)
        assert shop in " ".join(Skeleton(html_of(mail)).words)
        assert mail["Subject"] == without_links(f"We have received your order at {shop}").replace("=?", "= ?")
