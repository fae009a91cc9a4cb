"""Every endpoint of the API declares its required permission, and the permission is enforced."""

from typing import get_args

import pytest

from api.app import BLUEPRINTS, create_app
from api.auth import requirements
from api.auth.requirements import OPERATOR, PUBLIC, REQUIRED
from api.http.errors import STATUS
from domain.access.permissions import ROLES, Permission
from kit.errors import NotConfigured


@pytest.fixture
def app():
    return create_app()


class TestRequired:
    def test_has_every_endpoint_and_no_other(self, app):
        assert {rule.endpoint for rule in app.url_map.iter_rules()} == REQUIRED.keys()

    def test_takes_every_permission_there_is_and_no_other(self):
        checked_within = {
            "access_all_companies",
            "apply_discounts",
        }  # by api/auth/transactions.py and api/sales/order_submission.py
        assert (set(REQUIRED.values()) - {PUBLIC, OPERATOR}) | checked_within == set(get_args(Permission))

    def test_gives_every_permission_to_some_role(self):
        assert frozenset().union(*ROLES.values()) == set(get_args(Permission))

    def test_stops_an_app_with_an_endpoint_it_lacks(self, app):
        app.add_url_rule("/forgotten", "forgotten", lambda: "")
        with pytest.raises(NotConfigured, match="forgotten"):
            requirements.register(app)

    def test_is_enforced_on_every_endpoint_that_is_not_for_all(self, app):
        client = app.test_client()
        unprotected = []
        for rule in app.url_map.iter_rules():
            if REQUIRED[rule.endpoint] != PUBLIC:
                path = rule.build(dict.fromkeys(rule.arguments, "01a1f9fb-f07c-7766-bd40-d664d485d37e"))[1]
                method = next(iter(rule.methods - {"HEAD", "OPTIONS"}))
                if client.open(path, method=method).status_code != 401:
                    unprotected.append(rule.endpoint)
        assert unprotected == []


class TestErrors:
    def test_have_their_status_by_kind(self):
        assert {kind.__module__ for kind in STATUS} == {"kit.errors", "api.http.strict_json"}


class TestBlueprints:
    def test_are_under_api_or_for_operators(self):
        assert [b.name for b in BLUEPRINTS if not (b.url_prefix or "").startswith("/api/")] == ["health"]
