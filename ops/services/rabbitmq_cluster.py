"""A private RabbitMQ cluster: nodes with separate ports, data and logs, and a common login and Erlang cookie."""

from pathlib import Path

from ops.services import directories
from ops.services.process import Process
from ops.services.rabbitmq import PortMapper, RabbitMQ

NET_TICKTIME = 20
"""Seconds without an answer after which a node considers a peer down (RabbitMQ's default is 60)."""


class RabbitMQCluster:
    """Nodes that find each other when they start; the first must be ready before the others are launched.

    `waves` are its processes in start order, for a Supervisor. For `partition_handling` see RabbitMQ's guide
    "Clustering and Network Partitions".
    """

    def __init__(
        self, home: Path, *, logs: Path | None = None, nodes: int = 3, partition_handling: str = "pause_minority"
    ) -> None:
        home = directories.make(home)
        self._port_mapper = PortMapper(home)
        names = [f"rabbitmq-{number}" for number in range(1, nodes + 1)]
        self.nodes = [
            ClusterNode(
                home / name,
                name=name,
                peers=names,
                secrets=home,
                log=logs / f"{name}.log" if logs else None,
                port_mapper=self._port_mapper,
                partition_handling=partition_handling,
            )
            for name in names
        ]

    @property
    def name(self) -> str:
        """The name to show: RabbitMQ, and the number of nodes."""
        return f"rabbitmq ({len(self.nodes)} nodes)"

    @property
    def url(self) -> str:
        """The nodes' URLs, separated by semicolons, for ORDERX_BROKER_URL."""
        return ";".join(node.url for node in self.nodes)

    @property
    def waves(self) -> list[list[Process]]:
        """The processes by wave: the port mapper, then the first node, then all other nodes at the same time."""
        first, *others = self.nodes
        return [[self._port_mapper], [first], [*others]]


class ClusterNode(RabbitMQ):
    """One node of a cluster. A restarted node rejoins with its old data."""

    def __init__(
        self,
        home: Path,
        *,
        name: str,
        peers: list[str],
        secrets: Path,
        log: Path | None,
        port_mapper: PortMapper,
        partition_handling: str,
    ) -> None:
        self._peers = peers
        self._partition_handling = partition_handling
        self._cookie = directories.stored_secret(secrets / "cookie")
        self._cluster_name = name
        super().__init__(home, name=name, password_file=secrets / "password", log=log, port_mapper=port_mapper)

    def _node_name(self) -> str:
        return f"{self._cluster_name}@localhost"

    def _erlang_options(self) -> str:
        return f"{super()._erlang_options()} -kernel net_ticktime {NET_TICKTIME}"

    def _settings(self) -> dict[str, str]:
        discovery = "cluster_formation"
        return {
            **super()._settings(),
            "cluster_partition_handling": self._partition_handling,
            f"{discovery}.peer_discovery_backend": "classic_config",
            f"{discovery}.discovery_retry_limit": "1",
            **{
                f"{discovery}.classic_config.nodes.{number}": f"{peer}@localhost"
                for number, peer in enumerate(self._peers, start=1)
            },
        }

    def _write_configuration(self) -> None:
        super()._write_configuration()
        cookie = self._home / ".erlang.cookie"
        if not cookie.exists():
            directories.write_private(cookie, self._cookie)
            cookie.chmod(0o400)
