"""The server from which Prometheus reads a worker's metrics."""

import socket

import pytest
import requests

from kit.config import settings
from kit.errors import NotConfigured
from workers import metrics_server


@pytest.fixture(scope="module")
def url():
    return f"http://127.0.0.1:{metrics_server.serve('127.0.0.1:0')}"


class TestServe:
    def test_shows_the_metrics_to_the_operator(self, url):
        token = {"Authorization": f"Bearer {settings().require('metrics_token')}"}
        answer = requests.get(f"{url}/metrics", headers=token, timeout=10)
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/plain; version=")
        assert "# TYPE orderx_step_duration_seconds histogram" in answer.text

    def test_refuses_everybody_else(self, url):
        answer = requests.get(f"{url}/metrics", timeout=10)
        assert answer.status_code == 401
        assert "orderx_" not in answer.text

    def test_serves_nothing_else(self, url):
        assert requests.get(f"{url}/", timeout=10).status_code == 404

    @pytest.mark.parametrize("address", ["9100", ":9100", "localhost", "localhost:", "localhost:x", "localhost:65536"])
    def test_names_an_invalid_address(self, address):
        with pytest.raises(NotConfigured, match="expected HOST:PORT"):
            metrics_server.serve(address)

    def test_does_not_share_a_port(self):
        with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(OSError, match="in use"):
            metrics_server.serve(f"127.0.0.1:{other.getsockname()[1]}")
