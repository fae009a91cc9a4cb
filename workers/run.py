"""Starts a worker for some of the queues, or for all."""

import contextlib
import logging
import os
import sys

import orjson
from celery import Celery
from celery.apps import worker as celery_worker
from celery.signals import setup_logging, worker_process_init
from celery.utils.nodenames import host_format

from kit import clock, db
from kit.config import settings
from kit.db import watchdog
from kit.errors import NotConfigured
from kit.process import gc_tuning, logs
from workers import durability, queues, saga_definitions
from workers.app import create_app
from workers.celery_internals.liveness import LivenessStep
from workers.events.consumer import EventConsumers
from workers.tasks import notifications, sagas

SOLO_PREFETCH, POOL_PREFETCH = 128, 4
"""Messages prefetched for each process: enough for a batch without a pool, few in a pool, whose tasks take long and
would hold them up."""


def worker_app() -> Celery:
    """Create the Celery app with all tasks and event consumers."""
    app = create_app()
    sagas.register(app)
    notifications.register(app)
    app.steps["consumer"].update({EventConsumers, LivenessStep})
    return app


def worker(names: list[str], *, pool: str = "solo", concurrency: int = 1, name: str = "") -> None:
    """Run a worker for the queues of these names (none: all) until it is stopped.

    `name` distinguishes the workers of a host. Raises NotConfigured for an unknown queue.
    """
    unknown = sorted(set(names) - set(queues.NAMES))
    if unknown:
        raise NotConfigured(f"no queue is called '{unknown[0]}'; there are {', '.join(queues.NAMES)}")
    settings().require("database_url")
    selected = names or list(queues.NAMES)
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
    setup_logging.connect(_configure_logging)
    celery_worker.safe_say = _log_from_signal_handler
    for logger in ("celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(logger).setLevel(logging.WARNING)  # their lines about each task are in the journal, too
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


def _configure_logging(**_event: object) -> None:
    """Replace Celery's own logging setup."""
    logs.configure_stdlib()


def _log_from_signal_handler(message: str, _file: object = None) -> None:
    """Log as JSON what Celery prints as plain text, without the logger: the interrupted code may hold its lock."""
    line = {"event": message, "level": "info", "timestamp": clock.now()}
    with contextlib.suppress(OSError):
        os.write(1, orjson.dumps(line, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE))


def _after_fork(**_event: object) -> None:
    db.discard_inherited_connections()
    watchdog.start()
