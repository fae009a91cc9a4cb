"""All errors are answered as RFC 9457 problem details."""

import re

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from api.http import errors
from domain.companies import queries as companies
from kit.errors import OrderXError
from kit.ids import new_id
from ops.server import problems
from tests import factories


class TestProblem:
    def test_has_the_fields_of_rfc_9457_and_a_code(self, api):
        answer = api.get("/api/nothing-here")
        assert answer.content_type == "application/problem+json"
        assert {name: answer.json[name] for name in ("type", "title", "status", "code")} == {
            "type": "/problems/not_found",
            "title": "Not Found",
            "status": 404,
            "code": "not_found",
        }

    def test_lists_the_allowed_methods(self, api):
        answer = api.request("DELETE", "/api/me/export")
        assert answer.status_code == 405
        assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
        assert answer.content_type == "application/problem+json"


def codes(kind=OrderXError):
    """Of all problems that our own errors are."""
    own = {each.code for each in kind.__subclasses__() if errors.status_of(each)}
    return own.union(*(codes(each) for each in kind.__subclasses__()))


class TestType:
    def test_links_to_a_page_about_the_problem(self, api):
        problem = api.get("/api/me").json
        page = api.get(problem["type"])
        assert (page.status_code, page.content_type) == (200, "text/html; charset=utf-8")
        for text in (problem["code"], problem["title"], "401 (Unauthorized)"):
            assert text in page.text

    def test_links_to_a_page_for_every_problem_of_app_and_server(self, api):
        refused = {status.name.lower() for status in problems._DETAIL}
        every = {
            *codes(),
            *refused,
            "internal_error",
            "method_not_allowed",
            "request_entity_too_large",
            "request_timeout",
        }
        assert {"out_of_stock", "rate_limited", "request_uri_too_long"} <= every
        assert {code for code in every if api.get(f"/problems/{code}").status_code != 200} == set()

    @pytest.mark.parametrize("code", ["", "nothing", "error", "not_configured", "ok", "%3Cb%3E", "../healthz"])
    def test_has_no_page_for_unknown_codes(self, api, code):
        assert api.get(f"/problems/{code}").status_code == 404


class TestHome:
    @pytest.mark.parametrize("path", ["/", "/api"])
    def test_describes_the_server_and_links_on(self, api, path):
        page = api.get(path)
        assert (page.status_code, page.content_type) == (200, "text/html; charset=utf-8")
        assert "commerce" in page.text
        links = re.findall(r'href="([^"]+)"', page.text)
        assert {api.get(link).status_code for link in links} == {200}


class TestUnexpectedError:
    @pytest.fixture
    def ask(self, api, monkeypatch):
        def answer(error: Exception):
            def fail(**_):
                raise error

            monkeypatch.setattr(companies, "the_company", fail)
            return api.acting_as(factories.make_user()).get(f"/api/companies/{new_id()}")

        return answer

    def test_is_a_problem_without_its_cause(self, ask):
        answer = ask(RuntimeError("secret"))
        assert (answer.status_code, answer.json["code"]) == (500, "internal_error")
        assert "secret" not in answer.text

    def test_asks_to_try_again_when_the_database_is_down(self, ask):
        answer = ask(OperationalError("SELECT 1", {}, psycopg.OperationalError("connection refused")))
        assert (answer.status_code, answer.json["code"]) == (503, "unavailable")
        assert int(answer.headers["Retry-After"]) > 0
