"""Listing and ending sessions, over HTTP."""

import pytest

from kit.ids import new_id
from tests import factories

LOGINS = "/api/me/sessions"


@pytest.fixture
def user(database):
    return factories.make_user()


def log_in(api, user, device="Firefox"):
    body = {"email": user.email, "password": factories.PASSWORD}
    return api.post("/api/auth/login", body, headers={"User-Agent": device}).json


def refresh(api, tokens):
    return api.post("/api/auth/refresh", {"refresh_token": tokens["refresh_token"]})


def as_bearer(tokens):
    return {"Authorization": f"Bearer {tokens['access_token']}"}


class TestList:
    def test_shows_all_sessions_and_marks_the_current_one(self, api, user):
        log_in(api, user, "Firefox")
        here = log_in(api, user, "Safari")
        log_in(api, factories.make_user(), "a stranger's")
        shown = api.get(LOGINS, headers=as_bearer(here)).json["data"]
        assert [(login["device"], login["is_current"]) for login in shown] == [("Safari", True), ("Firefox", False)]
        assert shown[0]["ip_address"] == "127.0.0.1"

    def test_shows_open_sessions_most_recently_used_first(self, api, user):
        first, second, third = (log_in(api, user, name) for name in ("one", "two", "three"))
        refresh(api, first)
        api.post("/api/auth/logout", {"refresh_token": second["refresh_token"]})
        shown = api.get(LOGINS, headers=as_bearer(third)).json["data"]
        assert [login["device"] for login in shown] == ["one", "three"]

    def test_accepts_a_device_of_any_length(self, api, user):
        tokens = log_in(api, user, "x" * 5000)
        assert len(api.get(LOGINS, headers=as_bearer(tokens)).json["data"][0]["device"]) == 200


class TestEnd:
    def test_ends_only_that_session(self, api, user):
        there, here = log_in(api, user, "there"), log_in(api, user, "here")
        shown = api.get(LOGINS, headers=as_bearer(here)).json["data"]
        (lost,) = [login["id"] for login in shown if not login["is_current"]]
        assert api.delete(f"{LOGINS}/{lost}", headers=as_bearer(here)).status_code == 204
        assert refresh(api, there).json["code"] == "session_ended"
        assert refresh(api, here).status_code == 200

    def test_gives_the_same_response_for_a_strangers_session_and_an_unknown_one(self, api, user):
        stranger = log_in(api, factories.make_user())
        theirs = api.get(LOGINS, headers=as_bearer(stranger)).json["data"][0]["id"]
        me = as_bearer(log_in(api, user))
        answers = [api.delete(f"{LOGINS}/{login}", headers=me) for login in (theirs, new_id())]
        assert [(answer.status_code, answer.json["code"]) for answer in answers] == [(404, "session_not_found")] * 2
        assert refresh(api, stranger).status_code == 200


class TestEndAll:
    def test_ends_the_sessions_of_all_devices(self, api, user):
        logins = [log_in(api, user) for _ in range(2)]
        stranger = log_in(api, factories.make_user())
        assert api.delete(LOGINS, headers=as_bearer(logins[0])).status_code == 204
        assert [refresh(api, tokens).status_code for tokens in (*logins, stranger)] == [401, 401, 200]
