"""The environment of one run: a fresh database, the addresses of the shared servers, and the log directory."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import psycopg

from ops.services.process import Process
from ops.services.readiness import ReadyCheck

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class RunEnvironment:
    """`database_url` is the superuser's; `env` has OrderX's settings."""

    name: str
    logs: Path
    database_url: str
    rabbitmq_url: str
    valkey_url: str
    env: dict[str, str]
    mails: Path

    def python(self, name: str, *command: object, ready: ReadyCheck, nice: int = 0, **env: object) -> Process:
        """A process that runs `python -m …`; its CPU and memory are counted under `name`."""
        argv = [sys.executable, "-m", *map(str, command)]
        log = self.logs / f"{self.name}-{name}.log"
        return Process(name, argv, log=log, env=self.variables(**env), cwd=ROOT, ready=ready, nice=nice)

    def vacuum(self) -> None:
        """Vacuum and analyze the database, as autovacuum does within minutes for a database in use.

        Without current statistics, PostgreSQL reads all orders of the company to find one.
        """
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")

    def variables(self, **more: object) -> dict[str, str]:
        """The environment variables of the participant's processes."""
        urls = {
            "BENCH_DATABASE_URL": self.database_url,
            "BENCH_RABBITMQ_URL": self.rabbitmq_url,
            "BENCH_VALKEY_URL": self.valkey_url,
        }
        return process_environment({**self.env, **urls, **{name: str(value) for name, value in more.items()}})


def process_environment(more: dict[str, str]) -> dict[str, str]:
    """The environment variables of this process, without ORDERX_ variables, plus `more`."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ORDERX_")}
    return {**inherited, **more, "PYTHONUNBUFFERED": "1"}
