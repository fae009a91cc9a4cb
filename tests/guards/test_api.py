"""Every endpoint of the API declares its required permission, and the permission is enforced."""

import ast
import re
from importlib import import_module

import pytest

from api.app import BLUEPRINTS, create_app
from api.auth import requirements
from api.auth.requirements import OPERATOR, PUBLIC, REQUIRED
from api.http.errors import STATUS
from domain import areas
from kit.errors import NotConfigured
from tests.guards.source_tree import sources, tree


@pytest.fixture
def app():
    return create_app()


def checked_within_views():
    """The permissions that code imports from the area that declares them, to check them itself."""
    for path in sources():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ImportFrom) and re.fullmatch(r"domain\.\w+\.permissions", node.module or ""):
                yield from (getattr(import_module(node.module), alias.name).name for alias in node.names)


def names_held_as_text():
    """Permissions that code looks for by a text, in which a typing error would go unnoticed."""
    for path in sources("api", "domain", "saga", "workers"):
        for node in ast.walk(tree(path)):
            compared = node.comparators if isinstance(node, ast.Compare) and isinstance(node.left, ast.Constant) else []
            if any(ast.unparse(each).endswith(".permissions") for each in compared):
                yield f"{path}: {ast.unparse(node)}"


class TestRequired:
    def test_is_the_only_place_of_permissions_as_text(self):
        assert list(names_held_as_text()) == []

    def test_has_every_endpoint_and_no_other(self, app):
        assert {rule.endpoint for rule in app.url_map.iter_rules()} == REQUIRED.keys()

    def test_takes_every_permission_there_is_and_no_other(self):
        required = set(REQUIRED.values()) - {PUBLIC, OPERATOR}
        assert required | set(checked_within_views()) == areas.permissions().keys()
        assert not {PUBLIC, OPERATOR} & areas.permissions().keys()

    def test_stops_an_app_whose_route_requires_what_no_area_declares(self, app, monkeypatch):
        monkeypatch.setitem(REQUIRED, "products.create_product", "write_produts")
        with pytest.raises(NotConfigured, match=r"products\.create_product requires write_produts"):
            requirements.register(app)
        with pytest.raises(NotConfigured, match="write_produts"):
            create_app()

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
        assert [b.name for b in BLUEPRINTS if not f"{b.url_prefix or ''}/".startswith("/api/")] == ["health"]
