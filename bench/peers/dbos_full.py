"""DBOS behind Flask and gunicorn: external calls are steps, the rest is as in bench/peers/dbos.py."""

import os
from functools import cache

from dbos import DBOS

from bench import workload
from bench.external_clients import external_clients
from bench.participant import FullWorkload
from bench.peers.dbos import DbosEngine, Steps, datasource, launch
from bench.peers.flask_app import FlaskApp
from kit.ids import new_id
from ops.services.process import Process


class Shop:
    """DBOS in a gunicorn worker."""

    def __init__(self) -> None:
        url = os.environ["BENCH_DATABASE_URL"]
        steps = Steps(datasource(url))
        authorise, capture = DBOS.step(name="ask")(_authorise), DBOS.step(name="take")(_capture)
        mail = DBOS.step(name="mail")(_mail)

        @DBOS.workflow()
        def sell(values: dict[str, str]) -> None:
            mail(workload.BUYER, "Order received", values["order"])
            mail(workload.MERCHANT, "New order", values["order"])
            steps.reserve(values)
            held = {**values, "ref": authorise(values["order"])}
            steps.authorise(held)
            capture(held["ref"])
            steps.capture(held)
            steps.commit(held)
            steps.mark_paid(held)
            mail(workload.BUYER, "Payment received", values["order"])

        self._place, self._sell = steps.place, sell
        launch(url, f"executor-{os.getpid()}")

    def place(self, number: int) -> str:
        """Insert the order and start its workflow."""
        order = str(new_id())
        values = workload.values(order, number)
        self._place(values)
        DBOS.start_workflow(self._sell, values)
        return order


def _authorise(order: str) -> str:
    return external_clients().authorise(order)


def _capture(ref: str) -> None:
    external_clients().capture(ref)


def _mail(recipient: str, subject: str, order: str) -> None:
    external_clients().mail(recipient, subject, order)


@cache
def shop() -> Shop:
    """The shop of this process."""
    return Shop()


def place(number: int) -> str:
    """Place an order."""
    return shop().place(number)


class DbosFull(FlaskApp, FullWorkload, DbosEngine):
    """The web server's processes run the workflows."""

    place_order = "bench.peers.dbos_full:place"
    settings = (
        {"in_flight": 32, "threads": 16, "api_workers": 2},
        {"in_flight": 16, "threads": 16, "api_workers": 2},
        {"in_flight": 32, "threads": 16, "api_workers": 1},
        {"in_flight": 128, "threads": 16, "api_workers": 2},
    )
    note = "Flask without authentication or validation; provider's SDK and smtplib in steps"

    def processes(self) -> list[Process]:
        """The web server."""
        return [self.web_server()]

    def env(self) -> dict[str, object]:
        """The environment variables of its processes; external services are called."""
        return {"BENCH_OUTSIDE": "real"}
