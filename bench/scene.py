"""What a contestant is given for one run: a database of its own, where the shared servers are, and where to log."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import psycopg

from ops.services.process import Process
from ops.services.readiness import Ready

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Scene:
    """`database_url` is the superuser's; `env` has OrderX's settings and those that bench/peers read."""

    name: str
    logs: Path
    database_url: str
    rabbitmq_url: str
    valkey_url: str
    env: dict[str, str]
    mails: Path

    def python(self, name: str, *command: object, ready: Ready, nice: int = 0, **env: object) -> Process:
        """A process that runs `python -m …` here, and counts under this name."""
        argv = [sys.executable, "-m", *map(str, command)]
        log = self.logs / f"{self.name}-{name}.log"
        return Process(name, argv, log=log, env=self.environment(**env), cwd=ROOT, ready=ready, nice=nice)

    def vacuum(self) -> None:
        """What autovacuum does within minutes for a database in use, and has not got to yet: clean up, and look again.

        Until PostgreSQL has looked at tables that fill it reads all orders of the company where it is asked for one.
        """
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")

    def environment(self, **more: object) -> dict[str, str]:
        """The environment of the contestant's processes."""
        urls = {
            "BENCH_DATABASE_URL": self.database_url,
            "BENCH_RABBITMQ_URL": self.rabbitmq_url,
            "BENCH_VALKEY_URL": self.valkey_url,
        }
        return environment({**self.env, **urls, **{name: str(value) for name, value in more.items()}})


def environment(more: dict[str, str]) -> dict[str, str]:
    """The environment of this process, without any OrderX settings of its own, and these."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ORDERX_")}
    return {**inherited, **more, "PYTHONUNBUFFERED": "1"}
