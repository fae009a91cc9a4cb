"""Registration, address verification, and password reset and change, over HTTP."""

import re
from email import message_from_bytes
from email.policy import SMTP

import psycopg
import pytest

from domain.notifications.rendering import render
from kit.ids import new_id
from tests import factories

ADA = {"email": "Ada@Customers.example", "name": "Ada", "password": "correct horse battery"}
NEW = "three blind mice, see how they run"
FORGOT, RESET, VERIFY = "/api/auth/forgot-password", "/api/auth/reset-password", "/api/auth/verify-email"


@pytest.fixture
def mails(database):
    """The mails that were asked for, the newest last: template, recipient, context."""

    def read():
        with psycopg.connect(database) as connection:
            return connection.execute("SELECT template, recipient, context FROM mails ORDER BY id").fetchall()

    return read


@pytest.fixture
def token(mails):
    """The token in the newest mail."""
    return lambda: mails()[-1][2]["link"].partition("#")[2]


def log_in(api, email, password=ADA["password"]):
    return api.post("/api/auth/login", {"email": email, "password": password})


def same(one, other):
    return (one.status_code, one.data, dict(one.headers) | {"X-Request-ID": ""}) == (
        other.status_code, other.data, dict(other.headers) | {"X-Request-ID": ""},
    )  # fmt: skip


class TestRegister:
    def test_lets_the_user_log_in_and_shows_them_as_unverified(self, api):
        assert api.post("/api/auth/register", ADA).status_code == 202
        bearer = {"Authorization": f"Bearer {log_in(api, 'ada@customers.example').json['access_token']}"}
        me = api.get("/api/me", headers=bearer).json
        assert (me["email"], me["name"], me["verified_at"]) == ("ada@customers.example", "Ada", None)

    def test_mails_a_link(self, api, mails):
        api.post("/api/auth/register", ADA)
        ((template, recipient, context),) = mails()
        assert (template, recipient) == ("verify_email", "ada@customers.example")
        assert re.fullmatch(r"https://orderx\.example/api/auth/links/verify-email#\S{43}", context["link"])

    def test_gives_the_same_response_for_a_registered_address_and_mails_its_owner(self, api, mails):
        first = api.post("/api/auth/register", ADA)
        again = api.post("/api/auth/register", {**ADA, "name": "Eve", "password": NEW})
        assert same(first, again)
        assert [(template, recipient) for template, recipient, _ in mails()] == [
            ("verify_email", "ada@customers.example"),
            ("registered_already", "ada@customers.example"),
        ]
        assert log_in(api, ADA["email"], NEW).status_code == 401
        assert log_in(api, ADA["email"]).status_code == 200

    def test_limits_mails_to_one_address(self, api, mails):
        assert {api.post("/api/auth/register", ADA).status_code for _ in range(5)} == {202}
        assert len(mails()) == 3

    @pytest.mark.parametrize("wrong", [{"email": "ada"}, {"email": 7}, {"name": "  "}, {"password": "short"}])
    def test_names_the_wrong_field(self, api, wrong):
        answer = api.post("/api/auth/register", {**ADA, **wrong})
        assert answer.status_code == 422
        assert [error["path"] for error in answer.json["errors"]] == list(wrong)

    def test_accepts_at_most_64_characters_before_the_at(self, api, mails):
        longest = "a" * 64 + "@customers.example"
        answer = api.post("/api/auth/register", {**ADA, "email": "a" + longest})
        error = {"path": "email", "message": "Longer than 64 characters before the @."}
        assert (answer.status_code, answer.json["errors"]) == (422, [error])
        assert api.post("/api/auth/register", {**ADA, "email": longest}).status_code == 202
        assert len(mails()) == 1

    @pytest.mark.parametrize(
        "guessable", ["trustno1!", "12345678", "iloveyou2024", "ada@customers.example", "aaaaaaaaaa"]
    )
    def test_refuses_a_leaked_or_easily_guessed_password(self, api, mails, guessable):
        answer = api.post("/api/auth/register", {**ADA, "password": guessable})
        assert (answer.status_code, answer.json["errors"][0]["path"]) == (422, "password")
        assert guessable not in answer.text
        assert mails() == []


class TestUnverified:
    @pytest.fixture
    def unverified(self, api):
        return api.acting_as(factories.make_user(verified=False))

    def test_cannot_create_a_company(self, unverified):
        answer = unverified.post("/api/companies", {"name": "Ink", "email": "hi@ink.example", "currency": "GBP"})
        assert (answer.status_code, answer.json["code"]) == (403, "email_unverified")

    def test_gets_no_role(self, api):
        company, user = factories.make_company(), factories.make_user(verified=False)
        _, token = factories.invite(user.email, factories.make_member(company), company)
        answer = api.post("/api/auth/accept-invitation", {"token": token})
        assert (answer.status_code, answer.json["code"]) == (409, "registration_required")

    def test_can_request_a_limited_number_of_mails(self, unverified, mails):
        assert [unverified.post("/api/me/verification-mail").status_code for _ in range(4)] == [202, 202, 202, 429]
        assert {template for template, _, _ in mails()} == {"verify_email"}

    def test_ends_when_the_link_is_used(self, unverified, token):
        unverified.post("/api/me/verification-mail")
        assert unverified.post(VERIFY, {"token": token(), "password": factories.PASSWORD}).status_code == 204
        assert unverified.get("/api/me").json["verified_at"]
        company = {"name": "Ink", "email": "hi@ink.example", "currency": "GBP"}
        assert unverified.post("/api/companies", company).status_code == 201

    def test_gets_no_mail_once_verified(self, api, mails):
        assert api.acting_as(factories.make_user()).post("/api/me/verification-mail").status_code == 202
        assert mails() == []


class TestLink:
    def test_is_valid_once(self, api, token):
        api.post("/api/auth/register", ADA)
        answers = [api.post(VERIFY, {"token": token(), "password": ADA["password"]}) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [204, 409]
        assert answers[1].json["code"] == "link_expired"

    @pytest.mark.parametrize("nonsense", ["", "x" * 43, "é"])
    def test_is_refused_when_malformed(self, api, nonsense):
        assert api.post(VERIFY, {"token": nonsense, "password": NEW}).json["code"] == "link_expired"

    def test_is_invalid_for_another_purpose(self, api, token):
        api.post("/api/auth/register", ADA)
        assert api.post(RESET, {"token": token(), "password": NEW}).json["code"] == "link_expired"
        assert api.post(VERIFY, {"token": token(), "password": NEW}).status_code == 204

    def test_stays_valid_when_the_password_is_missing_or_too_weak(self, api, token):
        api.post("/api/auth/register", ADA)
        for body in ({}, {"password": "short"}, {"password": "password1"}):
            answer = api.post(VERIFY, {"token": token(), **body})
            assert (answer.status_code, answer.json["errors"][0]["path"]) == (422, "password")
        assert api.post(VERIFY, {"token": token(), "password": NEW}).status_code == 204

    @pytest.mark.parametrize("purpose", ["verify-email", "reset-password"])
    def test_opens_a_page_with_a_strict_content_security_policy(self, api, purpose):
        answer = api.get(f"/api/auth/links/{purpose}")
        assert (answer.status_code, answer.content_type) == (200, "text/html; charset=utf-8")
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert policy.count("'sha256-") == 2
        assert answer.headers["Referrer-Policy"] == "no-referrer"

    def test_opens_a_page_for_keyboard_and_screen_reader(self, api):
        page = api.get("/api/auth/links/verify-email").text
        fields = dict.fromkeys(re.findall(r"<input[^>]*>", page))
        assert len(fields) == 1
        for field in fields:
            named = {kind: re.search(rf'{kind}="([^"]*)"', field)[1] for kind in ("id", "aria-describedby")}
            assert re.search(rf'<label for="{named["id"]}">\w', page)
            assert all(f'id="{each}"' in page for each in named["aria-describedby"].split())
        assert re.search(r'<html lang="\w+">', page)
        assert re.search(r"<title>\w", page)
        assert re.search(r"<h1>\w", page)
        assert re.search(r'<form>.*<button type="submit">\w.*</form>', page, re.DOTALL)
        assert re.search(r'role="status" tabindex="-1"', page)  # is read out, and can be given the focus
        assert "disabled" not in re.sub(r"//.*", "", page)  # which would take the focus away

    @pytest.mark.parametrize(
        ("purpose", "takes"), [("verify-email", True), ("reset-password", True), ("accept-invitation", False)]
    )
    def test_opens_a_page_that_sends_the_fields_of_the_endpoint(self, api, purpose, takes):
        script = api.get(f"/api/auth/links/{purpose}").text.partition("<script>")[2]
        (said,) = re.findall(rf'"{purpose}": {{(.*?)\n    }}', script, re.DOTALL)
        assert ("password:" in said) == takes
        body = {"token": "x" * 43} | ({"password": NEW} if takes else {})
        assert api.post(f"/api/auth/{purpose}", body).json["code"] == "link_expired"

    def test_has_no_page_for_other_purposes(self, api):
        assert api.get("/api/auth/links/anything").status_code == 404


class TestForgottenPassword:
    @pytest.fixture
    def user(self, database):
        return factories.make_user()

    def test_gives_the_same_response_for_unknown_addresses(self, api, user, mails, published):
        known, unknown = (api.post(FORGOT, {"email": email}) for email in (user.email, "user0@customers.example"))
        assert (known.status_code, known.json) == (202, {"email": user.email})
        assert (unknown.status_code, unknown.json) == (202, {"email": "user0@customers.example"})
        assert [(template, recipient) for template, recipient, _ in mails()] == [("reset_password", user.email)]
        assert published("auth.reset_for_unknown_email") == [{}]

    def test_is_replaced_with_the_mailed_link(self, api, user, token):
        api.post(FORGOT, {"email": user.email})
        assert api.post(RESET, {"token": token(), "password": NEW}).status_code == 204
        assert log_in(api, user.email, NEW).status_code == 200
        assert log_in(api, user.email, factories.PASSWORD).status_code == 401

    def test_ends_all_sessions_and_mails_the_user(self, api, user, token, mails):
        before = log_in(api, user.email, factories.PASSWORD).json["refresh_token"]
        api.post(FORGOT, {"email": user.email})
        api.post(RESET, {"token": token(), "password": NEW})
        assert api.post("/api/auth/refresh", {"refresh_token": before}).status_code == 401
        assert mails()[-1][:2] == ("password_changed", user.email)

    def test_verifies_the_address_and_removes_the_access_of_a_stranger_who_registered_it(self, api, token):
        api.post("/api/auth/register", {**ADA, "password": "the password of a thief"})
        api.post("/api/auth/register", ADA)  # by the address's owner, who is mailed a link to choose a password
        api.post(RESET, {"token": token(), "password": NEW})
        assert log_in(api, ADA["email"], "the password of a thief").status_code == 401
        bearer = {"Authorization": f"Bearer {log_in(api, ADA['email'], NEW).json['access_token']}"}
        assert api.get("/api/me", headers=bearer).json["verified_at"]

    def test_invalidates_all_links_of_the_user(self, api, user, token):
        api.post(FORGOT, {"email": user.email})
        first = token()
        api.post(FORGOT, {"email": user.email})
        assert api.post(RESET, {"token": first, "password": NEW}).status_code == 204
        assert api.post(RESET, {"token": first, "password": NEW}).json["code"] == "link_expired"

    def test_keeps_the_link_valid_when_the_password_is_too_weak(self, api, user, token):
        api.post(FORGOT, {"email": user.email})
        assert api.post(RESET, {"token": token(), "password": "password1"}).status_code == 422
        assert api.post(RESET, {"token": token(), "password": NEW}).status_code == 204

    def test_resets_the_throttle_of_the_user(self, api, user, token):
        for _ in range(6):
            log_in(api, user.email, "a wrong one")
        api.post(FORGOT, {"email": user.email})
        api.post(RESET, {"token": token(), "password": NEW})
        assert log_in(api, user.email, NEW).status_code == 200


class TestChangedPassword:
    @pytest.fixture
    def user(self, database):
        return factories.make_user()

    def change(self, api, user, **body):
        return api.acting_as(user).put(
            "/api/me/password", {"current_password": factories.PASSWORD, "password": NEW, **body}
        )

    def test_is_valid_for_login(self, api, user):
        assert self.change(api, user).status_code == 204
        assert log_in(api, user.email, NEW).status_code == 200
        assert log_in(api, user.email, factories.PASSWORD).status_code == 401

    def test_ends_all_other_sessions_and_mails_the_user(self, api, user, mails):
        there = log_in(api, user.email, factories.PASSWORD).json
        here = log_in(api, user.email, factories.PASSWORD).json
        body = {"current_password": factories.PASSWORD, "password": NEW}
        api.put("/api/me/password", body, headers={"Authorization": f"Bearer {here['access_token']}"})
        answers = [api.post("/api/auth/refresh", {"refresh_token": at["refresh_token"]}) for at in (there, here)]
        assert [answer.status_code for answer in answers] == [401, 200]
        assert mails()[-1][:2] == ("password_changed", user.email)

    def test_requires_the_current_password(self, api, user):
        answer = self.change(api, user, current_password="a wrong one")
        assert (answer.status_code, answer.json["code"]) == (401, "invalid_credentials")

    def test_cannot_be_easy_to_guess(self, api, user):
        assert self.change(api, user, password=user.email).status_code == 422


class TestMail:
    @pytest.mark.parametrize(
        "template",
        ["verify_email", "registered_already", "reset_password", "password_changed", "second_factor_removed"],
    )
    def test_contains_the_link_and_its_lifetime(self, template):
        context = {"site": "https://orderx.example", "link": "https://orderx.example/x#token", "hours": 24}
        rendered = render(
            template=template, context=context, recipient="ada@customers.example", mail_id=new_id(), occasion="a test"
        )
        message = message_from_bytes(rendered.content, policy=SMTP)
        text, html = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
        assert "https://orderx.example/x#token" in text
        assert 'href="https://orderx.example/x#token"' in html
        assert "24 hour" in text
        assert message["Subject"] in html
