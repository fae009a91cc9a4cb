"""Tests of the API: HTTP requests to the whole app, with a real database."""

import socket

import pytest

from kit.config import settings
from tests.api.client import Api
from tests.api.shared_app import shared_app


@pytest.fixture
def api(database) -> Api:
    """The app's HTTP interface, over a database without a row."""
    return Api(shared_app())


@pytest.fixture
def operator(api) -> Api:
    """The same, with the operator's token."""
    return Api(api.app, settings().require("metrics_token"))


@pytest.fixture
def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]
