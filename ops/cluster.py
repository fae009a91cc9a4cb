"""The stack on clusters: three RabbitMQ nodes, and a PostgreSQL primary with a synchronous standby."""

from pathlib import Path

from kit.errors import NotConfigured
from ops.services import rabbitmq
from ops.services.postgres import Postgres
from ops.services.postgres_standby import Standby, multi_host_url
from ops.services.process import Process
from ops.services.rabbitmq_cluster import RabbitMQCluster
from ops.stack import Stack


class ClusterStack(Stack):
    """A stack on private servers; ORDERX_* variables have no effect. Raises NotConfigured if RabbitMQ is not installed.

    Every URL names all servers. The primary confirms a commit after the standby has it.
    """

    postgres: Postgres
    broker: RabbitMQCluster

    def __init__(self, home: Path) -> None:
        if rabbitmq.start_script() is None:
            raise NotConfigured("a cluster needs a real RabbitMQ: rabbitmq-server is not installed")
        super().__init__(home, usual_ports=False)

    def _embedded_postgres(self) -> Postgres:
        primary = Postgres(self.home / "postgres", database="orderx", log=self._log("postgres"))
        self.standby = Standby(self.home / "postgres-standby", primary, log=self._log("postgres-standby"))
        return primary

    def _embedded_broker(self) -> RabbitMQCluster:
        return RabbitMQCluster(self.home / "rabbitmq", logs=self.logs)

    def _embedded_rate_limiter(self) -> None:
        """None: all requests of the tests come from one address."""

    def _owner_url(self) -> str:
        return multi_host_url([self.postgres, self.standby])

    def _other_settings(self) -> dict[str, str]:
        return {**super()._other_settings(), "ORDERX_DURABILITY": "replicated"}

    def _start_waves(self) -> list[list[Process]]:
        [port_mapper], [first_node], other_nodes = self.broker.waves
        return [
            [port_mapper, self.postgres, self._forkserver],
            [first_node, self.standby],
            [*other_nodes, self._migrate(), self._sandbox(), self._inbox()],
            [*self._background_processes(), self._api()],
        ]
