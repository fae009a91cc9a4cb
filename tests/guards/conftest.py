"""The Celery app as workers run it."""

import pytest

from kit.config import settings
from workers.run import worker_app


@pytest.fixture(scope="session")
def celery():
    """The Celery app of a worker, for a RabbitMQ that is never connected to."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("ORDERX_BROKER_URL", "amqp://nobody@127.0.0.1:1//")
        settings.cache_clear()
        app = worker_app()
        app.finalize()
    settings.cache_clear()
    return app
