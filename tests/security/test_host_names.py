"""DNS rebinding: local servers without a password refuse unknown host names."""

import os
import sys
from pathlib import Path

import pytest
import requests

from ops.services import ports
from ops.services.process import Process
from ops.services.readiness import tcp

pytestmark = pytest.mark.processes

GONE = "amqp://guest:guest@127.0.0.1:1//"
SERVERS = {
    "inbox": ("--http-port", ("--smtp-port", "0"), "/messages.json"),
    "sandbox": ("--port", (), "/ledger"),
    "flower": ("--port", (), "/healthcheck"),
}


@pytest.fixture(scope="module", params=SERVERS)
def server(request, tmp_path_factory):
    """Send a request with this Host header to a server that trusts `trusted.example`. Returns the status."""
    option, others, path = SERVERS[request.param]
    port, directory = ports.free_port(), tmp_path_factory.mktemp(request.param)
    command = [request.param, option, str(port), *others, "--trusted-host", "trusted.example"]
    env = {**os.environ, "ORDERX_PAYMENT_API_KEY": "sk_test", "ORDERX_BROKER_URL": GONE}
    env["PYTHONPATH"] = str(Path.cwd())
    argv = [sys.executable, "-m", "ops.cli", *command]
    with Process(request.param, argv, log=directory / "log", env=env, cwd=directory, ready=tcp(port)):
        yield lambda host: requests.get(f"http://127.0.0.1:{port}{path}", headers={"Host": host}, timeout=30)


class TestHost:
    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST:8025", "[::1]:5555", "trusted.example:1"])
    def test_is_accepted_for_loopback_and_trusted_names(self, server, host):
        assert server(host).status_code == 200

    @pytest.mark.parametrize(
        "host",
        ["evil.example", "evil.example:8025", "127.0.0.1.evil.example", "localhost.", "",
         "trusted.example.evil.example", "[::1].evil.example", "10.0.0.1"],
    )  # fmt: skip
    def test_is_refused_for_any_other_name(self, server, host):
        answer = server(host)
        assert answer.status_code == 400
        assert "--trusted-host" in answer.text

    @pytest.mark.parametrize("host", ["localhost@evil.example", "evil.example@localhost", "localhost/evil.example"])
    def test_is_refused_when_it_is_invalid(self, server, host):
        assert server(host).status_code == 400
