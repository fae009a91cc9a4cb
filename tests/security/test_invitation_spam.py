"""Abuse of invitations and companies to send mails to strangers: limits on their number and content."""

from email import message_from_bytes
from email.policy import SMTP

import psycopg
import pytest

from domain.companies import company_settings as companies
from domain.notifications.rendering import render
from kit import clock, db
from kit.ids import new_id
from kit.tenancy import Tenant
from tests import factories

INVITATIONS = "/api/invitations"


@pytest.fixture
def mails(database):
    def find():
        with psycopg.connect(database) as connection:
            return connection.execute("SELECT template, recipient, context FROM mails ORDER BY id").fetchall()

    return find


def invite(api, count, *, start=0):
    """Send invitations to different people. Returns the statuses."""
    people = [f"stranger{start + number}@customers.example" for number in range(count)]
    return [api.post(INVITATIONS, {"email": email, "role": "staff"}).status_code for email in people]


class TestInvitations:
    def test_are_twenty_an_hour_for_each_sender(self, api, company, mails):
        sender = api.acting_as(factories.make_member(company), company)
        assert invite(sender, 22) == [201] * 20 + [429] * 2
        assert len(mails()) == 20
        answer = sender.post(INVITATIONS, {"email": "last@customers.example", "role": "staff"})
        assert answer.json["code"] == "too_many_attempts"
        assert answer.json["detail"].startswith("You can send 20 invitations an hour: try again in ")
        assert 0 < int(answer.headers["Retry-After"]) <= 3600

    def test_are_fifty_an_hour_for_each_company(self, api, company, mails):
        senders = [api.acting_as(factories.make_member(company), company) for _ in range(3)]
        statuses = [invite(sender, 20, start=20 * at) for at, sender in enumerate(senders)]
        assert statuses == [[201] * 20, [201] * 20, [201] * 10 + [429] * 10]
        assert len(mails()) == 50
        other = factories.make_company()
        assert invite(api.acting_as(factories.make_member(other), other), 1, start=70) == [201]

    def test_count_even_when_withdrawn(self, api, company):
        sender = api.acting_as(factories.make_member(company), company)
        for number in range(20):
            body = {"email": f"stranger{number}@customers.example", "role": "staff"}
            made = sender.post(INVITATIONS, body).json
            assert sender.delete(f"{INVITATIONS}/{made['id']}").status_code == 204
        assert invite(sender, 1, start=20) == [429]

    def test_count_by_sender_across_addresses_and_companies(self, api):
        statuses = []
        for number in range(3):
            company, user = factories.make_company(), factories.make_user(email=f"spam+{number}@customers.example")
            factories.join(user, company)
            statuses += invite(api.acting_as(user, company), 10, start=10 * number)
        assert statuses == [201] * 20 + [429] * 10

    def test_to_one_mailbox_count_together(self, api, company, mails):
        sender = api.acting_as(factories.make_member(company), company)
        people = ["one@customers.example", *(f"one+{number}@customers.example" for number in range(3))]
        statuses = [sender.post(INVITATIONS, {"email": email, "role": "staff"}).status_code for email in people]
        assert statuses == [201, 201, 201, 429]
        assert [recipient for _, recipient, _ in mails()] == people[:3]  # each as it was written


class TestMailsThatAnybodyCanCause:
    def test_count_by_mailbox(self, api, mails):
        for number in range(5):
            body = {"email": f"one+{number}@customers.example", "name": "One", "password": factories.PASSWORD}
            assert api.post("/api/auth/register", body).status_code == 202
        assert len(mails()) == 3


class TestCompanies:
    def found(self, api, user):
        body = {"name": "Pens", "email": "pens@paper.example", "currency": "EUR"}
        return api.acting_as(user).post("/api/companies", body)

    def test_are_three_a_day_for_each_user(self, api, database):
        user = factories.make_user()
        answers = [self.found(api, user) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
        assert answers[-1].json["detail"].startswith("You can create 3 companies a day: try again in ")
        with psycopg.connect(database) as connection:
            assert connection.execute("SELECT count(*) FROM companies").fetchone() == (3,)

    def test_are_three_a_day_for_all_addresses_of_a_mailbox(self, api, database):
        users = [factories.make_user(email=f"ada+{number}@customers.example") for number in range(4)]
        assert [self.found(api, user).status_code for user in users] == [201, 201, 201, 429]


class TestSubjects:
    def test_contain_no_link_from_an_older_company_name(self, api, mails):
        company_id = new_id()
        with db.transaction(Tenant(company_id=company_id)):
            company = companies.create(
                company_id=company_id, name="You won! Claim at https://evil.example", email="a@paper.example",
                currency="EUR", now=clock.now(),
            )  # fmt: skip
        sender = api.acting_as(factories.make_member(company), company)
        assert invite(sender, 1) == [201]
        ((template, recipient, context),) = mails()
        mail = render(template=template, context=context, recipient=recipient, mail_id=new_id(), occasion="invitation")
        parsed = message_from_bytes(mail.content, policy=SMTP)
        assert parsed["Subject"] == "You won! Claim at invites you"
        for part in parsed.walk():
            assert part.is_multipart() or "evil.example" not in part.get_content()
