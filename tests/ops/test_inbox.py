import smtplib
from email.message import EmailMessage
from email.policy import SMTP
from html import unescape
from pathlib import Path

import pytest
import requests
from hypothesis import example, given
from hypothesis import strategies as st

from ops.inbox.maildir import Maildir
from ops.inbox.web import create_app
from tests.inbox_process import running_inbox

pytestmark = pytest.mark.processes


@pytest.fixture
def inbox(tmp_path):
    with running_inbox(tmp_path) as inbox:
        yield inbox


def written(subject="Hello", to="ada@x.example", html="<p>Good <b>day</b></p>"):
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = "Shop <shop@x.example>", to, subject
    mail["Message-ID"], mail["X-OrderX-Occasion"] = "<1@x.example>", "order.created:1"
    mail.set_content("Good day\n")
    if html:
        mail.add_alternative(html, subtype="html")
    return mail


def send(inbox, *mails):
    with smtplib.SMTP("127.0.0.1", inbox.smtp_port, timeout=5) as client:
        for mail in mails:
            client.send_message(mail)


def page(inbox, path="/"):
    answer = requests.get(inbox.url + path, timeout=5)
    answer.raise_for_status()
    return answer


class TestKeeping:
    def test_has_every_accepted_mail_after_a_sigkill(self, inbox):
        with smtplib.SMTP("127.0.0.1", inbox.smtp_port, timeout=5) as client:
            for number in range(5):
                client.send_message(written(f"Mail {number}"))
            inbox.restart()
            client.close()
        assert [mail["subject"] for mail in inbox.messages()] == [f"Mail {n}" for n in (4, 3, 2, 1, 0)]

    @pytest.mark.parametrize(
        "content", [b"", b"one line\r\n", b".\r\n..\r\n.first\r\nlast.\r\n", b"x" * 5000 + b"\r\n"]
    )
    def test_keeps_the_content_unchanged(self, inbox, content):
        with smtplib.SMTP("127.0.0.1", inbox.smtp_port) as client:
            client.sendmail("a@x.example", ["b@x.example"], b"Subject: any\r\n\r\n" + content)
            client.sendmail("a@x.example", ["c@x.example"], b"Subject: next\r\n\r\n")
        [kept] = inbox.messages(to="b@x.example")
        assert kept["text"] == content.decode().replace("\r\n", "\n")
        assert len(inbox.messages()) == 2

    def test_accepts_an_empty_mail_and_refuses_one_without_recipient(self, inbox):
        with smtplib.SMTP("127.0.0.1", inbox.smtp_port) as client:
            client.ehlo()
            client.mail("a@x.example")
            assert client.docmd("DATA")[0] == 503
            client.rcpt("b@x.example")
            assert client.docmd("DATA")[0] == 354
            assert client.docmd(".")[0] == 250

    def test_writes_one_eml_file_per_mail(self, inbox):
        send(inbox, written(), written())
        assert [file.suffix for file in inbox.maildir.iterdir()] == [".eml", ".eml"]

    def test_ignores_files_left_incomplete_by_a_sigkill(self, inbox):
        (inbox.maildir / "0199f3a0-0000-7000-8000-000000000001.tmp").write_bytes(b"Subject: half")
        assert inbox.messages() == []

    def test_takes_the_recipients_from_the_envelope(self, inbox):
        forged = written(to="shown@x.example")
        forged["Delivered-To"] = "forged@x.example"
        with smtplib.SMTP("127.0.0.1", inbox.smtp_port, timeout=5) as client:
            client.send_message(forged, to_addrs=["a@x.example", "b@x.example"])
        assert inbox.messages()[0]["to"] == "a@x.example, b@x.example"

    @pytest.mark.parametrize(("domain", "code"), [("refused.example", 550), ("deferred.example", 451)])
    def test_refuses_and_defers_mails_to_the_two_test_domains(self, inbox, domain, code):
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            send(inbox, written(to=f"ada@{domain}"))
        assert refused.value.recipients[f"ada@{domain}"][0] == code
        assert inbox.messages() == []

    def test_stops_on_sigterm_during_an_smtp_session(self, inbox):
        with smtplib.SMTP("127.0.0.1", inbox.smtp_port, timeout=5) as client:
            client.ehlo()
            assert inbox.terminate() == 0
            client.close()


class TestMessagesJson:
    def test_lists_mails_as_json(self, inbox):
        send(inbox, written())
        [mail] = inbox.messages()
        assert mail.pop("id")
        assert mail.pop("received_at").endswith("+00:00")
        assert mail == {
            "message_id": "<1@x.example>",
            "from": "Shop <shop@x.example>",
            "to": "ada@x.example",
            "subject": "Hello",
            "occasion": "order.created:1",
            "text": "Good day\n",
        }

    def test_filters_by_part_of_the_recipient(self, inbox):
        send(inbox, written(to="ada@x.example"), written(to="grace@y.example"))
        assert [mail["to"] for mail in inbox.messages("GRACE@")] == ["grace@y.example"]


class TestPages:
    def test_list_mails_newest_first(self, inbox):
        send(inbox, written("First"), written("Second"))
        html = page(inbox).text
        assert "2 mails" in html
        assert html.index("Second") < html.index("First")

    def test_are_split_when_there_are_many_mails(self, inbox):
        send(inbox, *(written(f"No. {number}.") for number in range(51)))
        assert "No. 0." not in page(inbox).text
        older = page(inbox, "/?page=2").text
        assert "No. 0." in older
        assert "No. 1." not in older

    def test_show_a_mail_with_its_text_and_headers_and_its_html_in_a_sandbox(self, inbox):
        send(inbox, written())
        [mail] = inbox.messages()
        html = page(inbox, f"/mails/{mail['id']}").text
        assert "Good day" in html
        assert "&lt;1@x.example&gt;" in html
        assert f'<iframe sandbox src="/mails/{mail["id"]}/html"' in html

    def test_run_no_script_of_a_mail(self, inbox):
        attack = "<script>alert(1)</script>"
        send(inbox, written(subject=attack, html=attack))
        [mail] = inbox.messages()
        for path in ("/", f"/mails/{mail['id']}"):
            assert attack not in page(inbox, path).text
            assert attack in unescape(page(inbox, path).text)
        body = page(inbox, f"/mails/{mail['id']}/html")
        assert body.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")

    def test_answer_404_for_an_unknown_mail(self, inbox):
        assert requests.get(f"{inbox.url}/mails/no-such-mail", timeout=5).status_code == 404
        unknown = "0199f3a0-0000-7000-8000-000000000001"
        assert requests.get(f"{inbox.url}/mails/{unknown}", timeout=5).status_code == 404

    @given(content=st.binary(max_size=200))
    @example(content=b" continued\r\nFrom: a:;@\r\n\r\n")
    @example(content=b"From: group: <>,;\r\nSubject: =?x?b?!!?=\xff\r\n\r\n")
    @example(content=b"Content-Type: text/plain; charset=nobody-knows\r\n\r\n\xff")
    @example(content=b"Content-Type: multipart/alternative; boundary=a\r\n\r\n--a\r\n")
    @example(content=b"Content-Type: text/html; charset=utf-16\r\n\r\n\xff")
    def test_show_any_bytes(self, tmp_path_factory, content):
        maildir = Maildir(Path(tmp_path_factory.mktemp("mails")))
        pages = create_app(maildir).test_client()
        mail_id = maildir.save(sender="", recipients=["ada@x.example"], content=content)
        for path in ("/", f"/mails/{mail_id}", f"/mails/{mail_id}/html", "/messages.json"):
            assert pages.get(path).status_code == 200
        assert pages.get("/messages.json").json[0]["to"] == "ada@x.example"
