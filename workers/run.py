"""Starts a worker for some of the queues, or for all."""

import contextlib
import os
import sys

from celery import Celery
from celery.signals import worker_process_init
from celery.utils.nodenames import host_format

from domain import areas
from kit import db
from kit.config import settings
from kit.db import watchdog
from kit.errors import NotConfigured
from kit.process import gc_tuning, logs
from saga.reactions.table import RECORDED_IN
from workers import durability, queues, saga_definitions
from workers.app import create_app
from workers.celery_internals import logging as celery_logging
from workers.celery_internals.batching import MAX_BATCH
from workers.celery_internals.liveness import LivenessStep
from workers.events.consumer import EventConsumers
from workers.tasks import background, jobs, sagas

SOLO_PREFETCH, POOL_PREFETCH = 4 * MAX_BATCH, 4
"""Messages prefetched for each process and queue: without a pool a batch, and as many as the slow calls of a few
companies leave unfinished; few in a pool, whose tasks take long and would hold them up."""


def worker_app() -> Celery:
    """Create the Celery app with all tasks and event consumers."""
    app = create_app()
    sagas.register(app)
    background.register(app)
    jobs.register(app)
    for tasks in areas.modules("workers.tasks"):
        tasks.register(app)
    app.steps["consumer"].update({EventConsumers, LivenessStep})
    return app


def run_worker(names: list[str], *, pool: str = "solo", concurrency: int = 1, name: str = "") -> None:
    """Run a worker for the queues of these names (none: all) until it is stopped.

    `name` distinguishes the workers of a host. Raises NotConfigured for an unknown queue.
    """
    unknown = sorted(set(names) - set(queues.NAMES))
    if unknown:
        raise NotConfigured(f"no queue is called '{unknown[0]}'; there are {', '.join(queues.NAMES)}")
    settings().require("database_url")
    selected = names or list(queues.NAMES)
    if {"background", *RECORDED_IN} & set(selected):
        settings().require("operator_database_url")
    EventConsumers.queue_names = tuple(selected)
    excluded = [queue.name for queue in queues.TASK_QUEUES if queue.name not in selected]
    logs.configure()
    logs.configure_stdlib()
    durability.require_durable("database_url")
    saga_definitions.require_unchanged()
    app = worker_app()
    app.conf.worker_prefetch_multiplier = SOLO_PREFETCH if pool == "solo" else POOL_PREFETCH
    _declare_queues(app)
    worker_process_init.connect(_after_fork)
    celery_logging.configure()
    node = name or f"{'+'.join(names) or 'all'}-{os.getpid()}"
    worker = app.Worker(
        hostname=host_format(f"{node}@%h"), pool_cls=pool, concurrency=concurrency, loglevel=settings().log_level,
        exclude_queues=excluded, without_gossip=True, without_mingle=True, quiet=True,
    )  # fmt: skip
    gc_tuning.freeze_before_fork()
    if pool != "prefork":
        watchdog.start()
    worker.start()
    sys.exit(worker.exitcode)


def _declare_queues(app: Celery) -> None:
    """Declare all queues, also those of other workers. If the broker is down the relay declares them later."""
    with app.connection_for_write() as connection, contextlib.suppress(*connection.connection_errors):
        queues.declare(connection.channel())


def _after_fork(**_event: object) -> None:
    db.discard_inherited_connections()
    watchdog.start()
