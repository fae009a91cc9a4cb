"""Run a whole stack for a test, as `orderx up` does."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from ops.chaos.stack import DECLINE_LIMITS
from ops.chaos.tcp_proxy import TcpProxy
from ops.cluster import ClusterStack
from ops.services import directories
from ops.services.postgres import Postgres
from ops.services.postgres_standby import Standby
from ops.stack import Stack
from tests import requirements

RATE_LIMITS = [f"ORDERX_RATE_LIMIT_{of}" for of in ("CALLER", "COMPANY", "ADDRESS", "AUTH")]


class UnlimitedStack(Stack):
    """A stack without limits on requests and on declined payments."""

    def _other_settings(self) -> dict[str, str]:
        return {**super()._other_settings(), **dict.fromkeys([*DECLINE_LIMITS, *RATE_LIMITS], "1000000")}


class ProxiedCluster(ClusterStack):
    """A cluster whose processes reach each of its two database servers over a proxy, and whose servers may change.

    `postgres` is the primary and `standby` follows it, whichever servers these are by now.
    """

    def _embedded_postgres(self) -> Postgres:
        primary = super()._embedded_postgres()
        self.lost, self._later = primary, list[Standby]()
        self.proxies = [TcpProxy(primary.port), TcpProxy(self.standby.port)]
        for proxy in self.proxies:
            proxy.start()
        return primary

    def _owner_url(self) -> str:
        servers = f"{self.postgres.port},{self.standby.port}"
        return super()._owner_url().replace(servers, ",".join(str(proxy.port) for proxy in self.proxies))

    def promote_standby(self) -> None:
        """Make the standby the primary, and return once it accepts writes."""
        self.standby.promote()
        self.lost, self.postgres = self.postgres, self.standby

    def replace_lost(self) -> None:
        """Kill the former primary, and start a new standby in its place."""
        self.lost.kill()
        home = self.home / f"postgres-{len(self._later) + 3}"
        self.standby = Standby(home, self.postgres, log=self.logs / f"{home.name}.log")
        self._later.append(self.standby)
        [its_proxy] = [proxy for proxy in self.proxies if proxy.target_port == self.lost.port]
        its_proxy.set_target(self.standby.port)
        self.standby.start()

    def stop(self) -> None:
        """Stop everything, the proxies last."""
        super().stop()
        for server in self._later:
            server.stop()
        for proxy in self.proxies:
            proxy.stop()


AnyStack = TypeVar("AnyStack", bound=Stack)
Cluster = TypeVar("Cluster", bound=ClusterStack)


@contextmanager
def running_stack(*, failpoints: str | None = None) -> Iterator[Stack]:
    """A stack in a new directory, on a RabbitMQ; processes die at the points asked for in `failpoints` there.

    What the tests have set for themselves is not its business.
    """
    with _running("orderx-stack-", lambda home: _stack(home, failpoints)) as stack:
        yield stack


@contextmanager
def running_cluster(kind: type[Cluster]) -> Iterator[Cluster]:
    """A stack on three RabbitMQ nodes, and a PostgreSQL primary with a synchronous standby."""
    with _running("orderx-cluster-", kind) as stack:
        yield stack


@contextmanager
def _running(prefix: str, make: Callable[[Path], AnyStack]) -> Iterator[AnyStack]:
    requirements.require_rabbitmq()
    ours = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("ORDERX_")}
    with directories.temporary(prefix) as home:
        try:
            stack = make(home)
        finally:
            os.environ.update(ours)
        try:
            stack.start()
            yield stack
        finally:
            stack.stop()


def _stack(home: Path, failpoints: str | None) -> Stack:
    if failpoints is None:
        return UnlimitedStack(home, usual_ports=False)
    os.environ["ORDERX_FAILPOINTS_DIR"] = str(directories.make(home / failpoints))
    try:
        return UnlimitedStack(home, usual_ports=False)
    finally:
        del os.environ["ORDERX_FAILPOINTS_DIR"]
