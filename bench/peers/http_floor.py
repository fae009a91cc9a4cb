"""The floor under every HTTP figure: a route that does nothing, and one that does one INSERT."""

from bench import workload
from bench.contestant import Contestant
from bench.loaders import Sent
from bench.peers.flask_app import FlaskApp
from bench.pool import pool
from kit.ids import new_id
from ops.services.process import Process


class EmptyRoute(FlaskApp, Contestant):
    """Reads the JSON and answers."""

    name = "empty_route"
    workload = "http"
    takes_latency = False
    placer = "bench.placer:Answering"
    place_order = "bench.peers.http_floor:nothing"
    settings = ({"in_flight": 16, "threads": 16, "api_workers": 1},)
    note = "a Flask route that reads the JSON and answers"

    def processes(self) -> list[Process]:
        """The web server."""
        return [self.web_server()]

    def times(self, sent: Sent) -> dict[str, tuple[float, float]]:
        """Sent and answered."""
        return sent.orders


class OneInsert(EmptyRoute):
    """And writes one row."""

    name = "one_insert"
    place_order = "bench.peers.http_floor:insert"
    note = "a Flask route that inserts one row and commits"


def nothing(_number: int) -> str:
    """An id."""
    return str(new_id())


def insert(number: int) -> str:
    """One row, committed."""
    order = str(new_id())
    with pool().connection() as connection:
        connection.execute(workload.PLACE[0], workload.values(order, number))
    return order
