"""Invitations by mail, and their links."""

import re
from datetime import timedelta
from email import message_from_bytes
from email.policy import SMTP

import psycopg
import pytest

from domain.access.invitations import LIFETIME
from domain.notifications.rendering import render
from kit import clock
from kit.ids import new_id
from tests import factories

ACCEPT, INVITATIONS = "/api/auth/accept-invitation", "/api/invitations"


@pytest.fixture
def sql(database):
    def ask(query):
        with psycopg.connect(database) as connection:
            return connection.execute(query).fetchall()

    return ask


@pytest.fixture
def host(company):
    return factories.make_member(company)


@pytest.fixture
def admin(api, company, host):
    return api.acting_as(host, company)


@pytest.fixture
def invited(admin, sql):
    """Invites somebody; the token in the mail to them."""

    def invite(email, role="staff", **more):
        answer = admin.post(INVITATIONS, {"email": email, "role": role, **more})
        assert answer.status_code == 201, answer.json
        return sql("SELECT context->>'link' FROM mails ORDER BY id")[-1][0].partition("#")[2]

    return invite


def refusal(answer):
    return answer.status_code, answer.json["code"]


class TestCreate:
    def test_mails_a_link(self, admin, company, sql):
        shown = admin.post(INVITATIONS, {"email": "Grace@Paper.example", "role": "shop_manager"}).json
        assert (shown["email"], shown["accepted_at"]) == ("grace@paper.example", None)
        ((template, recipient, context, of),) = sql("SELECT template, recipient, context, company_id FROM mails")
        assert (template, recipient, of) == ("invitation", "grace@paper.example", company.id)
        assert re.fullmatch(r"https://orderx\.example/api/auth/links/accept-invitation#\S{43}", context["link"])
        mail = render(template=template, context=context, recipient=recipient, mail_id=new_id(), occasion="invitation")
        mail = message_from_bytes(mail.content, policy=SMTP)
        text = " ".join(mail.get_body(("plain",)).get_content().split())
        assert f"{company.name} invites you to work with them at https://orderx.example, as shop manager." in text
        assert context["link"] in text
        assert "good for 7 days" in text

    def test_stores_only_the_hash_of_the_link(self, invited, sql):
        token = invited("grace@paper.example")
        assert token not in str(sql("SELECT i::text FROM invitations i"))

    def test_limits_mails_to_one_address(self, admin, sql):
        body = {"email": "grace@paper.example", "role": "staff"}
        answers = [admin.post(INVITATIONS, body) for _ in range(4)]
        assert [answer.status_code for answer in answers] == [201, 201, 201, 429]
        assert len(sql("SELECT FROM mails")) == len(sql("SELECT FROM invitations")) == 3

    @pytest.mark.parametrize(
        ("wrong", "field"), [({"role": "super_admin"}, "role"), ({"shop_id": str(new_id())}, "shop_id")]
    )
    def test_names_the_wrong_field(self, admin, wrong, field):
        answer = admin.post(INVITATIONS, {"email": "grace@paper.example", "role": "staff", **wrong})
        assert (answer.status_code, answer.json["errors"][0]["path"]) == (422, field)


class TestAccept:
    def test_gives_the_role_in_the_shop_once(self, api, invited, company):
        user, shop = factories.make_user(), factories.make_shop(company)
        token = invited(user.email, shop_id=str(shop.id))
        given = api.post(ACCEPT, {"token": token}).json
        assert (given["company_id"], given["shop_id"], given["role"]) == (str(company.id), str(shop.id), "staff")
        me = api.acting_as(user, company).get("/api/me").json
        assert (me["role"], me["shop_id"]) == ("staff", str(shop.id))
        assert refusal(api.post(ACCEPT, {"token": token})) == (409, "link_expired")

    def test_requires_a_registered_and_verified_user(self, api, invited, company, sql):
        token = invited("grace@paper.example")
        assert refusal(api.post(ACCEPT, {"token": token})) == (409, "registration_required")
        api.post("/api/auth/register", {"email": "grace@paper.example", "name": "G", "password": factories.PASSWORD})
        assert refusal(api.post(ACCEPT, {"token": token})) == (409, "registration_required")
        verify = sql("SELECT context->>'link' FROM mails WHERE template = 'verify_email'")[0][0].partition("#")[2]
        proof = {"token": verify, "password": factories.PASSWORD}
        assert api.post("/api/auth/verify-email", proof).status_code == 204
        assert api.post(ACCEPT, {"token": token}).status_code == 200

    def test_fails_once_the_host_has_left(self, api, invited, company, host):
        user, other = factories.make_user(), api.acting_as(factories.make_member(company), company)
        token = invited(user.email, "company_admin")
        own = next(row for row in other.get("/api/members").json["data"] if row["user_id"] == str(host.id))
        other.delete(f"/api/members/{own['id']}")
        assert refusal(api.post(ACCEPT, {"token": token})) == (409, "link_expired")

    def test_gives_no_more_than_the_current_role_of_the_host(self, api, invited, company, host):
        user, other = factories.make_user(), api.acting_as(factories.make_member(company), company)
        token = invited(user.email, "company_admin")
        factories.join(host, company, "shop_manager")
        own = next(row for row in other.get("/api/members").json["data"] if row["user_id"] == str(host.id))
        other.delete(f"/api/members/{own['id']}")
        assert refusal(api.post(ACCEPT, {"token": token})) == (403, "insufficient_privileges")

    def test_fails_after_a_week(self, api, invited, monkeypatch):
        token, then = invited(factories.make_user().email), clock.now() + LIFETIME + timedelta(seconds=1)
        monkeypatch.setattr(clock, "now", lambda: then)
        assert refusal(api.post(ACCEPT, {"token": token})) == (409, "link_expired")

    def test_refuses_a_forged_token(self, api, database):
        assert refusal(api.post(ACCEPT, {"token": "A" * 43})) == (409, "link_expired")

    def test_has_a_page(self, api):
        assert api.get("/api/auth/links/accept-invitation").status_code == 200


class TestList:
    def test_shows_the_state_of_each(self, api, admin, invited):
        user = factories.make_user()
        api.post(ACCEPT, {"token": invited(user.email)})
        invited("grace@paper.example")
        shown = [(row["email"], row["accepted_at"] is not None) for row in admin.get(INVITATIONS).json["data"]]
        assert shown == [(user.email, True), ("grace@paper.example", False)]


class TestRevoke:
    def test_invalidates_the_link(self, api, admin, invited):
        token = invited(factories.make_user().email)
        path = f"{INVITATIONS}/{admin.get(INVITATIONS).json['data'][0]['id']}"
        assert admin.delete(path).status_code == 204
        assert refusal(api.post(ACCEPT, {"token": token})) == (409, "link_expired")
        assert refusal(admin.delete(path)) == (404, "invitation_not_found")


class TestErasure:
    def test_removes_the_address_from_invitations_and_their_mails(self, api, invited, sql):
        user = factories.make_user()
        invited(user.email)
        invited("grace@paper.example")
        assert api.acting_as(user).post("/api/me/erase", {"password": factories.PASSWORD}).status_code == 204
        assert sql("SELECT email FROM invitations") == [("grace@paper.example",)]
        assert sql("SELECT recipient FROM mails") == [("grace@paper.example",)]
