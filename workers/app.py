"""The Celery application. Its messages are written by the relay; its results are the sagas' journal."""

import sys
from collections.abc import Callable
from typing import Any, NoReturn
from urllib.parse import urlsplit

from celery import Celery
from celery.app.amqp import AMQP
from kombu import Connection

from kit.config import settings
from kit.process import liveness
from workers import queues
from workers.logged import LoggedTask

REDIS_OPTIONS = {"visibility_timeout": 60, "unacked_restore_interval": 1}
HEARTBEAT = 10
"""Seconds between two signs of life on a connection to RabbitMQ; a peer that gave none for twice as long is gone."""

AMQP_OPTIONS = {"read_timeout": 30, "write_timeout": 30}
"""Seconds. Without confirms, for what a worker itself publishes is what Flower sees, a dozen messages an order; what
must not be lost is published by the relay, which waits for its confirms (workers/publisher.py)."""


class EagerConnection(Connection):
    """A connection that looks for a lost broker every two seconds at most; kombu's pauses grow to half a minute."""

    def ensure_connection(self, errback: Callable[..., Any] | None = None, *args: Any, **named: Any) -> Any:
        """See kombu."""

        def looking(*told: Any) -> Any:
            liveness.touch()
            return errback(*told) if errback else None

        return super().ensure_connection(looking, *args, interval_start=0.5, interval_step=0.5, interval_max=2, **named)


class Amqp(AMQP):
    """Celery's face to the broker, over such connections."""

    Connection = EagerConnection


def create_app() -> Celery:
    """Celery as every part of OrderX configures it."""
    app = Celery("orderx", amqp=Amqp, backend="workers.backend:JournalBackend", task_cls=LoggedTask)
    app.conf.update(
        broker_url=settings().require("broker_url"),
        broker_transport_options=transport_options(settings().require("broker_url")),
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_heartbeat=HEARTBEAT,
        task_queues=queues.TASK_QUEUES,
        task_default_queue="saga",
        task_default_exchange=queues.TASKS.name,
        task_default_exchange_type="topic",
        task_default_routing_key="saga.task",
        task_default_queue_type="quorum",
        task_routes=route,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        worker_consumer="workers.consumer:KeepingConsumer",
        worker_send_task_events=False,  # they begin when somebody watches: Flower asks for them
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_enable_remote_control=True,
        enable_utc=True,
        timezone="UTC",
    )
    return app


def __getattr__(name: str) -> Any:
    """Make `app` for Celery's own commands: `celery -A workers.app inspect active`. Imports need no settings."""
    if name != "app":
        raise AttributeError(f"workers.app has no {name}")
    app = create_app()
    app.Worker = _refuse_to_work
    return app


def _refuse_to_work(**_options: Any) -> NoReturn:
    sys.exit("Start workers with `orderx worker`: this one would know no task, and set every message aside.")


def transport_options(broker_url: str) -> dict[str, Any]:
    """What each kind of broker needs so that a lost worker's messages come back."""
    return REDIS_OPTIONS if urlsplit(broker_url).scheme.startswith("redis") else AMQP_OPTIONS


def from_node(broker_url: str, number: int) -> str:
    """The URLs of the broker's nodes, separated by semicolons, with the node of this number first, counting round."""
    urls = broker_url.split(";")
    first = number % len(urls)
    return ";".join(urls[first:] + urls[:first])


def node_of(connection: Connection, broker_url: str) -> int:
    """The number of the node that the connection is to."""
    return [_address(Connection(url)) for url in broker_url.split(";")].index(_address(connection))


def _address(connection: Connection) -> tuple[str, int]:
    host, port = connection.hostname or "localhost", connection.port or connection.transport.default_port
    return "127.0.0.1" if host == "localhost" else host, int(port)  # as py-amqp does once it has connected


def route(name: str, *_args: Any, **_options: Any) -> dict[str, str]:
    """Where a task goes, for whoever sends one through Celery itself (Flower's retry button, say)."""
    return {"queue": queues.queue_of(name), "exchange": queues.TASKS.name, "routing_key": name}
