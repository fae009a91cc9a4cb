"""The Celery application. The relay publishes its messages; its task results are in the saga journal."""

import sys
from typing import Any, NoReturn

from celery import Celery

from kit.config import settings
from workers import broker, queues
from workers.celery_internals.connection import FastReconnectAMQP
from workers.celery_internals.logged_task import LoggedTask


def create_app() -> Celery:
    """Create the Celery app with the configuration that all processes share."""
    app = Celery(
        "orderx",
        amqp=FastReconnectAMQP,
        backend="workers.celery_internals.backend:JournalBackend",
        task_cls=LoggedTask,
    )
    app.conf.update(
        broker_url=settings().require("broker_url"),
        broker_transport_options=broker.transport_options(settings().require("broker_url")),
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_heartbeat=broker.HEARTBEAT_INTERVAL,
        task_queues=queues.TASK_QUEUES,
        task_default_queue="saga",
        task_default_exchange=queues.TASK_EXCHANGE.name,
        task_default_exchange_type="topic",
        task_default_routing_key="saga.task",
        task_default_queue_type="quorum",
        task_routes=route,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        worker_consumer="workers.celery_internals.consumer:DeadLetteringConsumer",
        worker_send_task_events=False,  # Flower enables them while it runs
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_enable_remote_control=True,
        enable_utc=True,
        timezone="UTC",
    )
    return app


def __getattr__(name: str) -> Any:
    """Create `app` for Celery's own commands (`celery -A workers.app inspect active`). Imports need no settings."""
    if name != "app":
        raise AttributeError(f"workers.app has no {name}")
    app = create_app()
    app.Worker = _refuse_worker_command
    return app


def _refuse_worker_command(**_options: Any) -> NoReturn:
    sys.exit("Start workers with `orderx worker`: `celery worker` knows no tasks and would dead-letter every message.")


def route(name: str, *_args: Any, **_options: Any) -> dict[str, str]:
    """Route a task that Celery itself sends (Flower's retry button, for example)."""
    return {"queue": queues.queue_of(name), "exchange": queues.TASK_EXCHANGE.name, "routing_key": name}
