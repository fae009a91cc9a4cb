"""Fixtures: a running API, its OpenAPI document, and clients generated from it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import requests

from ops.services import ports
from ops.services.process import Process
from ops.services.readiness import http
from tests import factories, requirements

PROGRAMS = Path(__file__).parent / "programs"
JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"  # a generator runs for seconds: compiling it well takes longer


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep these tests in one process, so that clients are generated once."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("clients"))


@pytest.fixture(scope="session")
def api_url(tmp_path_factory):
    """The address of a running API."""
    port = ports.free_port()
    url = f"http://127.0.0.1:{port}"
    argv = [sys.executable, "-m", "ops.cli", "api", "--port", str(port), "--workers", "1"]
    log = tmp_path_factory.mktemp("api") / "api.log"
    with Process("api", argv, log=log, env=os.environ, ready=http(f"{url}/healthz")):
        yield url


@pytest.fixture(scope="session")
def document(api_url, tmp_path_factory) -> Path:
    """The document as a file."""
    path = tmp_path_factory.mktemp("document") / "openapi.json"
    path.write_text(requests.get(f"{api_url}/api/openapi.json", timeout=60).text)
    return path


@pytest.fixture(scope="session")
def generators() -> Path:
    """The generators of clients in Python, Go and Java."""
    return requirements.client_generators() / "bin"


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The JavaScript tools."""
    return requirements.node_modules()


@pytest.fixture(scope="session")
def by_openapi_python_client(generators, document, tmp_path_factory) -> Path:
    """The directory in which openapi-python-client has put the package `orderx_client`; a warning is an error."""
    made = tmp_path_factory.mktemp("openapi-python-client")
    generate = [generators / "openapi-python-client", "generate", "--fail-on-warning", "--meta", "none"]
    finished([*generate, "--path", document, "--output-path", made / "orderx_client"], path=generators)
    return made


@pytest.fixture(scope="session")
def by_openapi_generator(generators, document, tmp_path_factory) -> Path:
    """The directory in which openapi-generator has put clients in `python`, `go` and `java`."""
    made = tmp_path_factory.mktemp("openapi-generator")
    wanted = []
    for language in ("python", "go", "java"):
        settings = {"generatorName": language, "inputSpec": str(document), "outputDir": str(made / language)}
        code_alone = {
            "models": "", "apis": "", "supportingFiles": "",
            "modelDocs": "false", "apiDocs": "false", "modelTests": "false", "apiTests": "false",
        }  # fmt: skip
        wanted.append(made / f"{language}.json")
        wanted[-1].write_text(json.dumps({**settings, "packageName": "orderx_client", "globalProperties": code_alone}))
    finished([generators / "openapi-generator-cli", "batch", "--fail-fast", *wanted], JDK_JAVA_OPTIONS=JAVA)
    return made


@pytest.fixture
def buyer(database, api_url) -> dict[str, str]:
    """The environment of a program that places an order: URL, token and ids."""
    company = factories.make_company()
    product = factories.make_product(factories.make_shop(company))
    factories.put_stock(product, factories.make_warehouse(company))
    return {
        "URL": api_url,
        "EMAIL": factories.make_user().email,
        "PASSWORD": factories.PASSWORD,
        "SHOP_ID": str(product.shop_id),
        "PRODUCT_ID": str(product.id),
    }


@pytest.fixture
def assert_placed_and_cancelled(database) -> Callable[[str], None]:
    """Check a program's output, and that its order has a requested cancellation with the given reason."""

    def check(printed: str) -> None:
        said = json.loads(printed)
        with psycopg.connect(database) as connection:
            [order] = connection.execute(ORDERED).fetchall()
        assert order == (said["order_id"], "pending", 3998, "ordered by mistake")
        assert said == {
            "order_id": said["order_id"],
            "status": "pending",
            "total": 3998,
            "city": "Berlin",
            "cancelled": True,
            "refused": [422, "invalid", "shop_id"],
            "shop": {"name": "Paper & Sons"},
        }

    return check


ORDERED = """
    SELECT o.id::text, o.status, o.total, s.stop_requested ->> 'reason'
    FROM orders o JOIN sagas s ON s.subject_id = o.id"""


def finished(argv, *, path: Path | None = None, cwd: Path | None = None, **env: str) -> str:
    """Run a program and return its output; fails the test if the program fails."""
    search = f"{path}:{os.environ['PATH']}" if path else os.environ["PATH"]
    ran = subprocess.run(
        [str(each) for each in argv], env={"HOME": os.environ.get("HOME", "/"), "PATH": search, **env}, cwd=cwd,
        capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    if ran.returncode != 0:
        pytest.fail(f"{Path(argv[0]).name} fails:\n{ran.stdout}\n{ran.stderr}", pytrace=False)
    return ran.stdout
