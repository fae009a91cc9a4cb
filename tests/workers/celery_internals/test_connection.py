import kombu.utils.functional
import pytest
from kombu.exceptions import OperationalError

from ops.services.ports import free_port


class TestFastReconnectConnection:
    def test_retries_a_lost_broker_every_two_seconds_at_most(self, app, monkeypatch):
        monkeypatch.setattr(kombu.utils.functional, "sleep", lambda _seconds: None)
        pauses: list[float] = []
        url = f"amqp://127.0.0.1:{free_port()}//"
        with app.connection_for_read(url) as connection, pytest.raises(OperationalError):
            connection.ensure_connection(lambda _error, pause: pauses.append(pause), 20)
        assert pauses[-1] == max(pauses) == 2
