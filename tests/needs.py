"""What some tests cannot do without."""

import os

import pytest

from ops.services import rabbitmq


def a_real_rabbitmq() -> None:
    """Skip the test where RabbitMQ is not installed; fail it where ORDERX_REQUIRE says that it must be."""
    if rabbitmq.installed() is not None:
        return
    missing = "needs a real RabbitMQ: rabbitmq-server is not installed"
    if "rabbitmq" in os.environ.get("ORDERX_REQUIRE", ""):
        pytest.fail(missing, pytrace=False)
    pytest.skip(missing)
