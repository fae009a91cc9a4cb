"""The upper bound: the same SQL as a pgbench script."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import workload
from bench.load_generators import Sent
from bench.participant import Load, Participant
from ops.services import directories

THREADS = 2


class Pgbench(Participant):
    """One transaction per step, as for all participants; with `one_transaction`, one for all steps."""

    name = "pgbench"
    settings = (
        {"in_flight": 16, "threads": THREADS},
        {"in_flight": 32, "threads": THREADS},
        {"in_flight": 8, "threads": THREADS},
    )
    note = "the database's upper bound: the steps' SQL, one transaction each, from pgbench; no engine, no Python"
    one_transaction = False

    @contextmanager
    def load(self) -> Iterator[Load]:
        """Pgbench generates the load itself."""
        with directories.temporary("orderx-pgbench-") as home:
            yield _Pgbench(self.environment.database_url, home, one_transaction=self.one_transaction)

    def times(self, sent: Sent) -> dict[str, tuple[float, float]]:
        """The times in pgbench's log."""
        return sent.orders


class PgbenchOneTransaction(Pgbench):
    """The same statements in one transaction per order: no engine that survives crashes can do this."""

    name = "pgbench_one_transaction"
    note = "the same statements, but one commit an order: no saga has this"
    one_transaction = True


class _Pgbench:
    pids = ()

    def __init__(self, url: str, home: Path, *, one_transaction: bool) -> None:
        self._url, self._home, self._runs = url, home, 0
        (home / "order.sql").write_text(script(one_transaction=one_transaction))

    def closed_loop(self, *, seconds: float, in_flight: int, threads: int) -> Sent:
        return self._run(seconds, in_flight, threads)

    def open_loop(self, *, seconds: float, rate: float, threads: int) -> Sent:
        return self._run(seconds, threads, THREADS, "--rate", rate)

    def _run(self, seconds: float, clients: int, threads: int, *more: object) -> Sent:
        self._runs += 1
        prefix = self._home / f"run{self._runs}"
        options = ["--no-vacuum", "--protocol=prepared", "--file", self._home / "order.sql"]
        options += ["--time", max(1, round(seconds)), "--client", clients, "--jobs", threads]
        options += ["--log", "--log-prefix", prefix, f"--define=run={self._runs}", "--define=n=0", *more]
        subprocess.run([_pgbench(), *map(str, options), self._url], check=True, capture_output=True, text=True)
        orders = {}
        for log in self._home.glob(f"{prefix.name}.*"):
            for line in log.read_text().splitlines():
                client, number, took, _, second, microsecond = line.split()[:6]
                end = int(second) + int(microsecond) / 1e6
                orders[f"{client}-{number}"] = end - int(took) / 1e6, end
        return Sent(min(begun for begun, _ in orders.values()), orders, 0)


def script(*, one_transaction: bool) -> str:
    """The steps as a pgbench script. An order's id consists of the run, the client and a counter."""
    made = "lpad(to_hex(:run::bigint * 1000000000000 + :client_id::bigint * 1000000000 + :n::bigint), 12, '0')"
    literals = {
        ":order": f"('01920000-0000-7000-8000-' || {made})::uuid",
        ":product": f"('{str(workload.product(0))[:-12]}' || lpad(to_hex(:p::bigint), 12, '0'))::uuid",
        ":ref": f"('row_' || {made})",
        **{f":{name}": f"'{value}'::uuid" for name, value in _FIXED.items()},
    }
    lines = [r"\set n :n + 1", rf"\set p random(0, {workload.PRODUCTS - 1})"]
    lines += ["BEGIN;"] if one_transaction else []
    for step in workload.STEPS:
        statements = [_with_literals(workload.with_colons(statement), literals) for statement in step]
        alone = len(statements) == 1 or one_transaction
        lines += statements if alone else ["BEGIN;", *statements, "COMMIT;"]
    return "\n".join([*lines, *(["COMMIT;"] if one_transaction else [])]) + "\n"


_FIXED = {
    "company": workload.COMPANY,
    "customer": workload.CUSTOMER,
    "shop": workload.SHOP,
    "warehouse": workload.WAREHOUSE,
}


def _with_literals(statement: str, literals: dict[str, str]) -> str:
    name_pattern = re.compile("|".join(rf"{name}\b" for name in literals))
    return " ".join(name_pattern.sub(lambda found: literals[found[0]], statement).split()) + ";"


def _pgbench() -> str:
    found = shutil.which("pgbench") or next(map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin/pgbench"))), None)
    if found is None:
        raise FileNotFoundError("pgbench is not installed; it is part of PostgreSQL's server package")
    return found
