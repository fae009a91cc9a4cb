"""How the stack under chaos is wired."""

import pytest

from kit.errors import NotConfigured
from ops.chaos.plan import TARGETS
from ops.chaos.stack import ChaosStack
from ops.services import directories, rabbitmq
from tests import needs

URLS = ("ORDERX_DATABASE_URL", "ORDERX_OPERATOR_DATABASE_URL", "ORDERX_BROKER_URL", "ORDERX_PAYMENT_API_BASE")


@pytest.fixture
def home():
    with directories.temporary("orderx-test-") as path:
        yield path


@pytest.fixture
def stack(home, monkeypatch):
    needs.a_real_rabbitmq()
    monkeypatch.setenv("ORDERX_BROKER_URL", "amqp://somebody.else//")
    stack = ChaosStack(home)
    yield stack
    stack.stop()


class TestChaosStack:
    def test_has_whomever_a_plan_names(self, stack):
        assert [stack[whom].name for target in TARGETS.values() for whom in target.whom]
        wired = {whom for target in TARGETS.values() if "cut" in target.deeds for whom in target.whom}
        assert wired == stack.wires.keys()

    def test_lets_its_processes_reach_each_server_over_a_wire_and_others_straight(self, stack):
        wires = {f":{wire.port}" for wire in stack.wires.values()}
        servers = {f":{wire.to_port}" for wire in stack.wires.values()}
        inside = stack.env_of("api")
        for name in URLS:
            assert any(port in inside[name] for port in wires), name
            assert any(port in stack.env[name] for port in servers), name

    def test_needs_a_real_rabbitmq(self, home, monkeypatch):
        monkeypatch.setattr(rabbitmq, "installed", lambda: None)
        with pytest.raises(NotConfigured, match="chaos needs a real RabbitMQ"):
            ChaosStack(home)
