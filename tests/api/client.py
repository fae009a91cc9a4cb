"""A test client that logs in: `api.acting_as(user, company).get("/api/shops")`.

It checks every answer against the OpenAPI document.
"""

from flask import Flask
from werkzeug.test import TestResponse

from api.auth.caller import Caller
from api.auth.tokens import access_token
from domain.access import queries as access
from domain.accounts import sessions
from domain.accounts.models import User
from domain.companies.models import Company
from kit import clock, db
from kit.tenancy import Tenant
from tests.api.openapi_checks import assert_documented


class Api:
    """Sends requests without a token; `acting_as` returns a client with one."""

    def __init__(self, app: Flask, token: str | None = None) -> None:
        self.app = app
        self.token = token

    def acting_as(self, user: User, company: Company | None = None) -> "Api":
        """A client logged in as the user: in their role at the company, or as a customer."""
        company_id = company.id if company else None
        with db.transaction(Tenant(user_id=user.id)):
            membership = access.membership_in(user_id=user.id, company_id=company_id) if company_id else None
            login = sessions.start(user_id=user.id, company_id=company_id, now=clock.now()).session
        return Api(self.app, access_token(Caller.from_session(login, membership)))

    def get(self, path: str, **kwargs) -> TestResponse:
        return self.request("GET", path, **kwargs)

    def post(self, path: str, json: object = None, **kwargs) -> TestResponse:
        return self.request("POST", path, json=json, **kwargs)

    def put(self, path: str, json: object = None, **kwargs) -> TestResponse:
        return self.request("PUT", path, json=json, **kwargs)

    def patch(self, path: str, json: object = None, **kwargs) -> TestResponse:
        return self.request("PATCH", path, json=json, **kwargs)

    def delete(self, path: str, **kwargs) -> TestResponse:
        return self.request("DELETE", path, **kwargs)

    def request(self, method: str, path: str, *, headers: dict[str, str] | None = None, **kwargs) -> TestResponse:
        token = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        sent = {**token, **(headers or {})}
        answer = self.app.test_client().open(path, method=method, headers=sent, buffered=True, **kwargs)
        assert_documented(self.app, answer)
        return answer


def paths(answer: TestResponse) -> set[str]:
    """The paths of the fields that a problem document names."""
    return {error["path"] for error in answer.json["errors"]}
