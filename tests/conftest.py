"""Shared servers of the tests: one private PostgreSQL with a database per xdist worker, and one RabbitMQ node.

ORDERX_TEST_DATABASE_URL (a superuser's) replaces the private PostgreSQL.
With ORDERX_REQUIRE=rabbitmq,pgbouncer,clients, tests fail instead of being skipped where RabbitMQ, PgBouncer or the
client generators are missing.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import hypothesis
import psycopg
import pytest
import xdist

from domain.notifications.mailer import mailer
from kit.config import settings
from kit.errors import OrderXError
from kit.process import logs
from migrations import public_privileges
from migrations import run as migrations
from ops.services import directories
from ops.services import rabbitmq as broker
from ops.services.postgres import Postgres, create_database, drop_database, with_login
from tests import connections, owner, published_events, requirements
from tests.inbox_process import InboxProcess, running_inbox
from tests.security.example_counts import THOROUGH

# A slow machine is no failure, so no example has a deadline.
hypothesis.settings.register_profile("usual", deadline=None)
hypothesis.settings.load_profile("usual")
hypothesis.settings.register_profile(THOROUGH, deadline=None)  # make security

_SHARED = pytest.StashKey[dict[str, str]]()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Start the shared servers in the main process, and create a database for each process that runs tests."""
    config = session.config
    if config.option.collectonly:
        return
    try:
        if xdist.is_xdist_worker(session):
            config.stash[_SHARED] = config.workerinput["orderx"]
        else:
            config.stash[_SHARED] = _start_shared(config)
        if not xdist.is_xdist_controller(session):
            _use_own_database(config)
    except OrderXError as error:
        raise pytest.UsageError(error.message) from error


def pytest_configure_node(node) -> None:
    """Pass the addresses of the shared servers to an xdist worker."""
    node.workerinput["orderx"] = node.config.stash[_SHARED]


def _start_shared(config: pytest.Config) -> dict[str, str]:
    cleanup = ExitStack()
    config.add_cleanup(cleanup.close)
    home = cleanup.enter_context(directories.temporary("orderx-tests-"))
    superuser = os.environ.get("ORDERX_TEST_DATABASE_URL")
    if not superuser:
        postgres = cleanup.enter_context(Postgres(home / "postgres", durable=False))
        superuser = postgres.url
    template = f"orderx_template_{os.getpid()}"
    create_database(superuser, template)
    cleanup.callback(drop_database, superuser, template)
    urls = _urls(superuser, template)
    migrations.upgrade(
        owner_url=urls["OWNER_DATABASE_URL"],
        app_url=urls["DATABASE_URL"],
        operator_url=urls["OPERATOR_DATABASE_URL"],
    )
    return {"superuser": superuser, "template": template, "home": str(home)}


def _use_own_database(config: pytest.Config) -> None:
    shared = config.stash[_SHARED]
    superuser, name = shared["superuser"], f"orderx_test_{os.getpid()}"
    create_database(superuser, name, template=shared["template"])
    with psycopg.connect(with_login(superuser, database=name), autocommit=True) as connection:
        public_privileges.revoke(connection)  # a database does not inherit this from its template
    config.add_cleanup(lambda: drop_database(superuser, name))
    config.add_cleanup(connections.close)
    config.add_cleanup(owner.close)
    for setting in [name for name in os.environ if name.startswith("ORDERX_") and name != "ORDERX_REQUIRE"]:
        del os.environ[setting]
    environment = {
        **_urls(superuser, name),
        "SECRET_KEY": "for tests alone, 32 characters or more",
        "SIGNING_KEYS": "for tests alone: 32 characters or more",
        "METRICS_TOKEN": "for tests alone, of 32 characters or more",
        "PUBLIC_URL": "https://orderx.example",
        "DURABILITY": "relaxed",
    }
    os.environ.update({f"ORDERX_{setting}": value for setting, value in environment.items()})
    logs.configure()  # structlog's default renders tracebacks with all local variables, which takes seconds


def _urls(superuser: str, database: str) -> dict[str, str]:
    def login(user: str) -> str:
        return with_login(superuser, database=database, user=user, password="for-tests-alone")

    return {
        "OWNER_DATABASE_URL": with_login(superuser, database=database),
        "DATABASE_URL": login("orderx_app_login"),
        "OPERATOR_DATABASE_URL": login("orderx_operator_login"),
    }


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests that use RabbitMQ, and run them on one xdist worker, so that one node is enough.

    pytest-xdist 3.8 does not see the group under pytest 9.2 (pytest-dev/pytest-xdist#1386): each worker that
    needs a node then starts its own.
    """
    for item in items:
        if "rabbitmq" in getattr(item, "fixturenames", ()):
            item.add_marker("rabbitmq")
            item.add_marker(pytest.mark.xdist_group("rabbitmq"))


@pytest.fixture
def database() -> str:
    """An empty database for tests that commit: the superuser's URL."""
    owner.empty_every_table()
    return os.environ["ORDERX_OWNER_DATABASE_URL"]


@pytest.fixture(autouse=True)
def published(request: pytest.FixtureRequest) -> Iterator[published_events.PublishedEvents]:
    """The events that the test has published. It fails if one of them is not declared or does not fit its payload type.

    A test of the delivery of events may publish any: `@pytest.mark.undeclared_events`.
    """
    with published_events.recorded() as published:
        yield published
    if not request.node.get_closest_marker("undeclared_events"):
        assert published.problems == []


@pytest.fixture(scope="session")
def _rabbitmq_node(pytestconfig: pytest.Config) -> Iterator[broker.RabbitMQ]:
    requirements.require_rabbitmq()
    node = broker.RabbitMQ(Path(pytestconfig.stash[_SHARED]["home"]) / f"rabbitmq-{os.getpid()}")
    yield node
    node.kill()
    node.stop()


@pytest.fixture
def rabbitmq(_rabbitmq_node: broker.RabbitMQ) -> broker.RabbitMQ:
    """A running RabbitMQ node with `url`, `stop()`, `kill()` and `start()`; a test may leave it stopped."""
    if not _rabbitmq_node.running:
        _rabbitmq_node.start()
    return _rabbitmq_node


@pytest.fixture(scope="session")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InboxProcess]:
    """A mail server that keeps its mails for the whole session."""
    with running_inbox(tmp_path_factory.mktemp("inbox") / "mails") as running:
        yield running


@pytest.fixture
def mail_server(inbox: InboxProcess, monkeypatch: pytest.MonkeyPatch) -> Iterator[InboxProcess]:
    """The mail server, known to this process."""
    with monkeypatch.context() as patched:
        patched.setenv("ORDERX_SMTP_URL", inbox.smtp_url)
        _forget_mail_server()
        yield inbox
        mailer().close()
    _forget_mail_server()


def _forget_mail_server() -> None:
    for cached in (settings, mailer):
        cached.cache_clear()
