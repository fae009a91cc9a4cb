"""The log lines of requests, read from the output of a process; secrets are never logged."""

import contextlib
import io
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stdnum import luhn

from domain.companies import queries as companies
from kit.ids import new_id
from kit.secret_tokens import new_token
from tests import factories
from tests.api import openapi_checks

CARD = "4242424242424242"
HEADERS = (
    "Authorization", "Cookie", "Idempotency-Key", "If-Match", "If-None-Match", "Prefer", "Referer", "User-Agent",
    "X-Forwarded-For", "X-API-Key", "traceparent", "Accept-Language", "Origin", "Content-Type",
)  # fmt: skip
PATHS = (
    "/api/auth/login", "/api/auth/refresh", "/api/auth/register", "/api/auth/reset-password", "/api/orders",
    "/api/me", "/api/me/password", "/api/companies", "/api/auth/links/verify-email", "/nowhere",
)  # fmt: skip


@contextlib.contextmanager
def logged():
    """Everything the process says meanwhile."""
    openapi_checks.document()  # or else the first answer's check loads it, which is a request, too
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        yield said


def cards():
    digits = st.text("0123456789", min_size=14, max_size=17).map(lambda rest: "4" + rest)
    return digits.map(lambda number: number + luhn.calc_check_digit(number))


def secrets():
    passwords = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=12, max_size=40)
    return st.one_of(cards(), st.builds(new_token), passwords)


class TestLine:
    def test_has_caller_path_and_status(self, api):
        company = factories.make_company()
        user = factories.make_member(company)
        with logged() as said:
            api.acting_as(user, company).get(f"/api/companies/{company.id}", headers={"X-Request-ID": "mine"})
        line = json.loads(said.getvalue())
        assert line["milliseconds"] >= 0
        assert {name: line[name] for name in ("event", "request_id", "method", "path", "status")} == {
            "event": "request",
            "request_id": "mine",
            "method": "GET",
            "path": "/api/companies/<uuid:company_id>",
            "status": 200,
        }
        assert (line["user_id"], line["company_id"]) == (str(user.id), str(company.id))

    def test_of_an_error_has_the_same_id_and_no_values(self, api, monkeypatch):
        def fail(**_):
            raise RuntimeError(f"refused {CARD}") from ValueError(CARD)

        monkeypatch.setattr(companies, "the_company", fail)
        with logged() as said:
            api.acting_as(factories.make_user()).get(f"/api/companies/{new_id()}", headers={"X-Request-ID": "mine"})
        error, request = map(json.loads, said.getvalue().splitlines())
        assert (error["event"], error["request_id"], request["request_id"]) == ("unexpected_error", "mine", "mine")
        assert "RuntimeError\ncaused by\n" in error["exception"]
        assert error["exception"].endswith("ValueError")
        assert CARD not in said.getvalue()


class TestSecrets:
    @pytest.fixture
    def ask(self, api):
        user = api.acting_as(factories.make_user())
        return lambda method, path, **how: (user if "as_user" in how.pop("who") else api).request(method, path, **how)

    @settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        secret=secrets(),
        place=st.sampled_from(("body", "field", "query", "name", "path", "method", "header")),
        path=st.sampled_from(PATHS),
        field=st.sampled_from(("password", "email", "refresh_token", "token", "code", "payment", "unknown_zone")),
        header=st.sampled_from(HEADERS),
        who=st.sampled_from((("as_user",), ())),
    )
    def test_are_in_no_line(self, ask, secret, place, path, field, header, who):
        sent = {
            "body": {"method": "POST", "data": secret, "content_type": "application/json"},
            "field": {"method": "POST", "json": {field: secret, "name": {"card": {"number": secret}}}},
            "query": {"method": "GET", "query_string": {field: secret}},
            "name": {"method": "GET", "query_string": {secret: field}},
            "path": {"method": "GET", "path": f"{path}/{secret.replace('?', '')}"},
            "method": {"method": secret},
            "header": {"method": "POST", "json": {}, "headers": {header: secret}},
        }[place]
        with logged() as said:
            ask(**{"path": path, "who": who, **sent})
        lines = [json.loads(line) for line in said.getvalue().splitlines()]
        assert [line["event"] for line in lines] == ["request"]
        assert secret not in " ".join(str(value) for value in lines[0].values())

    @settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(secret=st.one_of(cards(), st.builds(new_token)))
    def test_are_not_accepted_as_request_ids(self, ask, secret):
        with logged() as said:
            ask("GET", "/api/me", who=(), headers={"X-Request-ID": secret})
        assert secret not in said.getvalue()
