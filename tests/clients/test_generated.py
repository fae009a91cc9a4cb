"""Generated clients are complete, and can place and cancel an order."""

import json
import re

import pytest

from tests.clients.conftest import PROGRAMS, finished

IMPORT_ALL = """
import importlib, pkgutil, orderx_client
for module in pkgutil.walk_packages(orderx_client.__path__, "orderx_client."):
    importlib.import_module(module.name)
"""
STRICT = {"strict": True, "target": "es2022", "module": "nodenext", "types": []}


def types_of(document):
    return json.loads(document.read_text())["components"]["schemas"].keys()


class TestOpenapiPythonClient:
    @pytest.fixture
    def run(self, generators, by_openapi_python_client):
        return lambda *argv, **env: finished(
            [generators / "python", *argv], PYTHONPATH=str(by_openapi_python_client), **env
        )

    def test_generates_every_type_of_the_document(self, run, document):
        run("-c", IMPORT_ALL)
        made = run("-c", "import orderx_client.models; print(*orderx_client.models.__all__)").split()
        assert types_of(document) - {"Payment"} <= set(made)  # one of two types, which it names where that is taken

    def test_places_and_cancels_an_order(self, run, buyer, assert_placed_and_cancelled):
        assert_placed_and_cancelled(run(PROGRAMS / "with_openapi_python_client.py", **buyer))


class TestOpenapiGenerator:
    @pytest.fixture
    def run(self, generators, by_openapi_generator):
        path = str(by_openapi_generator / "python")
        return lambda *argv, **env: finished([generators / "python", *argv], PYTHONPATH=path, **env)

    def test_generates_every_type_of_the_document(self, run, document):
        run("-c", IMPORT_ALL)
        made = run("-c", "import orderx_client; print(*dir(orderx_client))").split()
        assert types_of(document) <= set(made)

    def test_places_and_cancels_an_order(self, run, buyer, assert_placed_and_cancelled):
        assert_placed_and_cancelled(run(PROGRAMS / "with_openapi_generator.py", **buyer))

    @pytest.mark.parametrize(
        ("model", "said"),
        [
            ("payment", r"type Payment struct {\s+CardPayment \*CardPayment\s+TokenPayment \*TokenPayment\s+}"),
            ("payment", r"json.Marshal\(&src.TokenPayment\)"),
            ("token_payment", r'PaymentMethod\s+string\s+`json:"payment_method"'),
            ("new_order", r'Payment\s+Payment\s+`json:"payment"`'),
            ("new_order", r'toSerialize\["payment"\] = o.Payment'),
            ("new_shop", r'Name\s+string\s+`json:"name"'),
            ("order", r'Status\s+OrderStatus\s+`json:"status"`'),
            ("order_status", r'PARTIALLY_RETURNED\s+OrderStatus = "partially_returned"'),
        ],
    )
    def test_generates_go_types_that_are_sent_completely(self, by_openapi_generator, model, said):
        assert re.search(said, (by_openapi_generator / "go" / f"model_{model}.go").read_text())

    @pytest.mark.parametrize(
        ("model", "said"),
        [
            ("Payment", r"value.getActualInstance\(\) instanceof TokenPayment"),
            ("TokenPayment", r'SERIALIZED_NAME_PAYMENT_METHOD = "payment_method"'),
            ("NewOrder", r"private Payment payment;"),
            ("NewShop", r"private String name;"),
            ("Order", r"private OrderStatus status;"),
            ("OrderStatus", r'PARTIALLY_RETURNED\("partially_returned"\)'),
        ],
    )
    def test_generates_java_types_that_are_sent_completely(self, by_openapi_generator, model, said):
        [source] = by_openapi_generator.glob(f"java/src/main/java/**/model/{model}.java")
        assert re.search(said, source.read_text())


class TestOpenapiTypescript:
    def test_places_and_cancels_an_order(self, node_modules, document, tmp_path, buyer, assert_placed_and_cancelled):
        (tmp_path / "node_modules").symlink_to(node_modules)
        (tmp_path / "package.json").write_text('{"type": "module"}')
        (tmp_path / "tsconfig.json").write_text(json.dumps({"compilerOptions": STRICT}))
        (tmp_path / "program.ts").write_bytes((PROGRAMS / "with_openapi_typescript.ts").read_bytes())
        run = node_modules / ".bin"
        finished([run / "openapi-typescript", document, "-o", tmp_path / "orderx.ts"], cwd=tmp_path)
        finished([run / "tsc", "--project", tmp_path], cwd=tmp_path)
        assert_placed_and_cancelled(finished(["node", "program.js"], cwd=tmp_path, **buyer))
