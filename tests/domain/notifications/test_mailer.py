import os
import smtplib
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from email import message_from_bytes
from email.policy import SMTP
from uuid import uuid4

import pytest

from domain.notifications import mailer as client_of_smtp
from domain.notifications.errors import MailDeferred, MailRefused
from domain.notifications.mailer import Message, SmtpMailer, mailer
from domain.notifications.rendering import render
from kit.config import settings
from kit.errors import NotConfigured
from tests.domain.notifications.example_order import CONTEXT
from tests.domain.notifications.faulty_smtp_server import HANG_UP, SILENCE, faulty_smtp_server
from tests.inbox_process import running_inbox


def mail_to(recipient="ada@x.example"):
    return render(
        template="order_received", context=CONTEXT, recipient=recipient, mail_id=uuid4(), occasion="order.created:1"
    )


@pytest.fixture
def inbox(tmp_path):
    with running_inbox(tmp_path) as inbox:
        yield inbox


@pytest.fixture
def client(inbox):
    with closing(SmtpMailer(inbox.smtp_url)) as client:
        yield client


@pytest.mark.processes
class TestToTheInbox:
    def test_delivers_the_mail_as_it_was_written(self, inbox, client):
        mail = mail_to()
        client.send(mail)
        written = message_from_bytes(mail.content, policy=SMTP)
        [arrived] = inbox.messages()
        assert arrived["message_id"] == written["Message-ID"]
        assert arrived["to"] == "ada@x.example"
        assert arrived["text"] == written.get_body(("plain",)).get_content().replace("\r\n", "\n")

    def test_does_not_end_a_mail_at_a_line_with_a_dot(self, inbox, client):
        client.send(Message("orders@x.example", "ada@x.example", b"Subject: dots\r\n\r\n.\r\n..\r\n.first\r\n"))
        assert [mail["text"] for mail in inbox.messages()] == [".\n..\n.first\n"]

    def test_refuses_an_unknown_recipient_and_goes_on_with_the_next(self, inbox, client):
        with pytest.raises(MailRefused, match=r"550 5\.1\.1 No such mailbox"):
            client.send(mail_to("eve@refused.example"))
        client.send(mail_to())
        assert [mail["to"] for mail in inbox.messages()] == ["ada@x.example"]

    def test_defers_a_mail_for_a_deferred_recipient(self, inbox, client):
        with pytest.raises(MailDeferred, match="451"):
            client.send(mail_to("ada@deferred.example"))
        assert inbox.messages() == []

    def test_defers_mails_while_the_server_is_down(self, inbox, client):
        client.send(mail_to())
        inbox.kill()
        with pytest.raises(MailDeferred, match="refused"):
            client.send(mail_to())
        inbox.restart()
        client.send(mail_to())
        assert len(inbox.messages()) == 2

    def test_reopens_a_connection_that_the_server_has_dropped_meanwhile(self, inbox, client):
        client.send(mail_to())
        inbox.restart()
        client.send(mail_to())
        assert len(inbox.messages()) == 2


class TestConnections:
    def test_are_tested_after_a_long_idle_time(self, monkeypatch):
        monkeypatch.setattr(client_of_smtp, "CHECK_IDLE_AFTER", 0.0)
        with faulty_smtp_server() as server, closing(SmtpMailer(server.url)) as client:
            client.send(mail_to())
            server.answers["NOOP"] = HANG_UP
            client.send(mail_to())
            assert server.connections == 2

    def test_are_reused_by_any_thread(self):
        with faulty_smtp_server() as server, closing(SmtpMailer(server.url)) as client, ThreadPoolExecutor(1) as other:
            client.send(mail_to())
            other.submit(client.send, mail_to()).result()
            client.send(mail_to())
            assert server.connections == 1

    def test_are_used_by_one_thread_at_a_time(self, monkeypatch):
        all_at_once, sendmail = threading.Barrier(3, timeout=20), smtplib.SMTP.sendmail

        def sendmail_together(*arguments):
            all_at_once.wait()
            return sendmail(*arguments)

        monkeypatch.setattr(smtplib.SMTP, "sendmail", sendmail_together)
        with faulty_smtp_server() as server, closing(SmtpMailer(server.url)) as client, ThreadPoolExecutor(3) as pool:
            for _ in range(2):
                list(pool.map(client.send, [mail_to() for _ in range(3)]))
            assert server.connections == 3

    def test_are_not_trusted_after_a_failure(self):
        with faulty_smtp_server(CONTENT="451 disk full") as server, closing(SmtpMailer(server.url)) as client:
            with pytest.raises(MailDeferred):
                client.send(mail_to())
            server.answers.clear()
            client.send(mail_to())
            assert server.connections == 2


class TestAnswers:
    @pytest.mark.parametrize(
        "answers",
        [
            {"GREETING": "421 too busy"},
            {"GREETING": "554 go away"},
            {"GREETING": HANG_UP},
            {"GREETING": SILENCE},
            {"MAIL": "451 not now"},
            {"MAIL": "553 sender not allowed"},
            {"RCPT": "450 mailbox busy"},
            {"RCPT": "421 shutting down"},
            {"RCPT": HANG_UP},
            {"DATA": "451 not now"},
            {"CONTENT": "452 disk full"},
            {"CONTENT": HANG_UP},
            {"CONTENT": SILENCE},
        ],
        ids=str,
    )
    def test_that_are_temporary_or_about_settings_defer_the_mail(self, answers):
        with faulty_smtp_server(**answers) as server, pytest.raises(MailDeferred):
            SmtpMailer(server.url, timeout=0.2).send(mail_to())

    @pytest.mark.parametrize("answers", [{"RCPT": "550 unknown"}, {"DATA": "554 no"}, {"CONTENT": "550 spam"}], ids=str)
    def test_about_this_recipient_or_content_refuse_the_mail(self, answers):
        with faulty_smtp_server(**answers) as server, pytest.raises(MailRefused):
            SmtpMailer(server.url).send(mail_to())

    def test_without_encryption_or_login_never_get_the_password(self):
        with faulty_smtp_server() as server:
            for scheme in ("smtp+starttls", "smtp"):
                url = server.url.replace("smtp://", f"{scheme}://user:secret@")
                with pytest.raises(MailDeferred, match="not supported"):
                    SmtpMailer(url).send(mail_to())


class TestConfiguration:
    @pytest.fixture(autouse=True)
    def fresh_settings(self):
        settings.cache_clear()
        mailer.cache_clear()
        yield
        settings.cache_clear()
        mailer.cache_clear()

    def test_gives_every_caller_of_a_process_the_same_mailer(self, monkeypatch):
        monkeypatch.setenv("ORDERX_SMTP_URL", "smtp://127.0.0.1")
        assert mailer() is mailer()

    @pytest.mark.processes
    @pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
    def test_gives_a_forked_process_its_own(self, monkeypatch):
        monkeypatch.setenv("ORDERX_SMTP_URL", "smtp://127.0.0.1")
        parents = mailer()
        child = os.fork()
        if child == 0:
            os._exit(0 if mailer() is not parents else 1)
        assert os.waitpid(child, 0)[1] == 0

    def test_names_the_variable_that_is_missing(self, monkeypatch):
        monkeypatch.delenv("ORDERX_SMTP_URL", raising=False)
        with pytest.raises(NotConfigured, match="ORDERX_SMTP_URL"):
            mailer()

    @pytest.mark.parametrize("url", ["http://x", "localhost:25", "smtp://", "smtp://u:secret@h:port", "smtp://[x"])
    def test_refuses_a_wrong_url_without_repeating_its_password(self, url):
        with pytest.raises(NotConfigured, match="ORDERX_SMTP_URL") as refused:
            SmtpMailer(url)
        assert "secret" not in str(refused.value)
