import json

from typer.testing import CliRunner

from ops import cli
from ops.commands import permissions
from tests.api.shared_app import shared_app


def run(*options):
    result = CliRunner().invoke(cli.app, ["permissions", *options], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


class TestPermissions:
    def test_lists_every_operation_of_the_api(self):
        listed = {(row["method"], row["path"]) for row in json.loads(run("--json"))}
        document = shared_app().test_client().get("/api/openapi.json").json
        operations = {(method.upper(), path) for path, each in document["paths"].items() for method in each}
        assert listed == {(method, path) for method, path in operations if method != "PARAMETERS"}

    def test_names_who_may_call_it(self):
        rows = {row["operation"]: row for row in json.loads(run("--json"))}
        assert rows["update_product"] == {
            "area": "catalogue",
            "operation": "update_product",
            "method": "PATCH",
            "path": "/api/products/{product_id}",
            "requires": "write_products",
            "roles": ["super_admin", "company_admin", "shop_manager"],
            "api_keys": True,
            "while_suspended": False,
        }
        assert (rows["log_in"]["requires"], rows["log_in"]["roles"]) == ("public", [])

    def test_prints_a_table(self):
        assert "write_products" in run()

    def test_prints_the_table_of_the_documents(self):
        assert run("--format", "markdown") == f"{permissions.markdown()}\n"
