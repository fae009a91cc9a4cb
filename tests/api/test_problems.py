"""Errors answer as RFC 9457 problem details, whatever they are."""

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from domain.companies import queries as companies
from kit.ids import new_id
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

    def test_says_which_methods_there_are(self, api):
        answer = api.request("DELETE", "/api/me/export")
        assert answer.status_code == 405
        assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
        assert answer.content_type == "application/problem+json"


class TestUnexpectedError:
    @pytest.fixture
    def ask(self, api, monkeypatch):
        def answer(error: Exception):
            def fail(**_):
                raise error

            monkeypatch.setattr(companies, "the_company", fail)
            return api.acting_as(factories.make_user()).get(f"/api/companies/{new_id()}")

        return answer

    def test_is_a_problem_that_keeps_its_cause_to_itself(self, ask):
        answer = ask(RuntimeError("secret"))
        assert (answer.status_code, answer.json["code"]) == (500, "internal_error")
        assert "secret" not in answer.text

    def test_asks_to_try_again_when_the_database_is_gone(self, ask):
        answer = ask(OperationalError("SELECT 1", {}, psycopg.OperationalError("connection refused")))
        assert (answer.status_code, answer.json["code"]) == (503, "unavailable")
        assert int(answer.headers["Retry-After"]) > 0
