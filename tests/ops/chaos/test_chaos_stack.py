"""The processes and proxies of the stack for chaos runs."""

import pytest

from kit.errors import NotConfigured
from ops.chaos.plan import TARGETS
from ops.chaos.stack import ChaosStack
from ops.services import directories, rabbitmq
from tests import requirements

URLS = ("ORDERX_DATABASE_URL", "ORDERX_OPERATOR_DATABASE_URL", "ORDERX_BROKER_URL", "ORDERX_PAYMENT_API_BASE")


@pytest.fixture
def home():
    with directories.temporary("orderx-test-") as path:
        yield path


@pytest.fixture
def stack(home, monkeypatch):
    requirements.require_rabbitmq()
    monkeypatch.setenv("ORDERX_BROKER_URL", "amqp://somebody.else//")
    stack = ChaosStack(home)
    yield stack
    stack.stop()


class TestChaosStack:
    def test_has_every_process_of_a_plan(self, stack):
        assert [stack[process].name for target in TARGETS.values() for process in target.processes]
        proxied = {process for target in TARGETS.values() if "cut" in target.kinds for process in target.processes}
        assert proxied == stack.proxies.keys()

    def test_connects_its_processes_through_proxies_and_others_directly(self, stack):
        proxies = {f":{proxy.port}" for proxy in stack.proxies.values()}
        servers = {f":{proxy.target_port}" for proxy in stack.proxies.values()}
        inside = stack.env_for("api")
        for name in URLS:
            assert any(port in inside[name] for port in proxies), name
            assert any(port in stack.env[name] for port in servers), name

    def test_needs_a_real_rabbitmq(self, home, monkeypatch):
        monkeypatch.setattr(rabbitmq, "start_script", lambda: None)
        with pytest.raises(NotConfigured, match="chaos needs a real RabbitMQ"):
            ChaosStack(home)
