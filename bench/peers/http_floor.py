"""The lower bound of all HTTP figures: a route that does nothing, and one that does one INSERT."""

from bench import workload
from bench.load_generators import Sent
from bench.participant import Participant
from bench.peers.flask_app import FlaskApp
from bench.pool import pool
from kit.ids import new_id
from ops.services.process import Process


class EmptyRoute(FlaskApp, Participant):
    """Parses the JSON and answers."""

    name = "empty_route"
    workload = "http"
    measures_latency = False
    driver = "bench.order_driver:ResponseOnlyDriver"
    place_order = "bench.peers.http_floor:nothing"
    settings = ({"in_flight": 16, "threads": 16, "api_workers": 1},)
    note = "a Flask route that parses the JSON and answers"

    def processes(self) -> list[Process]:
        """The web server."""
        return [self.web_server()]

    def times(self, sent: Sent) -> dict[str, tuple[float, float]]:
        """When each request was sent and answered."""
        return sent.orders


class OneInsert(EmptyRoute):
    """Inserts one row and answers."""

    name = "one_insert"
    place_order = "bench.peers.http_floor:insert"
    note = "a Flask route that inserts one row and commits"


def nothing(_number: int) -> str:
    """Return a new id."""
    return str(new_id())


def insert(number: int) -> str:
    """Insert one row and commit."""
    order = str(new_id())
    with pool().connection() as connection:
        connection.execute(workload.PLACE[0], workload.values(order, number))
    return order
