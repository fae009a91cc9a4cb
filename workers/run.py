"""Starting a worker on any share of the queues."""

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
from workers import definitions, durability, notifications, queues, sagas
from workers.app import create_app
from workers.liveness import Liveness
from workers.reactions import EventConsumers

SOLO_PREFETCH, POOL_PREFETCH = 128, 4
"""Messages at hand for each process: few in a pool, which does what takes long and may stand still with them; without
one, so many as are worth a batch."""


def worker_app() -> Celery:
    """The Celery app with everything a worker can do."""
    app = create_app()
    sagas.register(app)
    notifications.register(app)
    app.steps["consumer"].update({EventConsumers, Liveness})
    return app


def worker(names: list[str], *, pool: str = "solo", concurrency: int = 1, name: str = "") -> None:
    """Work on these queues until stopped (none named: on all). Raises NotConfigured for a queue there is not.

    `name` tells workers of one host apart.
    """
    unknown = sorted(set(names) - set(queues.NAMES))
    if unknown:
        raise NotConfigured(f"no queue is called '{unknown[0]}'; there are {', '.join(queues.NAMES)}")
    settings().require("database_url")
    wanted = names or list(queues.NAMES)
    EventConsumers.queue_names = tuple(wanted)
    unwanted = [queue.name for queue in queues.TASK_QUEUES if queue.name not in wanted]
    logs.configure()
    logs.configure_stdlib()
    durability.demand("database_url")
    definitions.demand()
    app = worker_app()
    app.conf.worker_prefetch_multiplier = SOLO_PREFETCH if pool == "solo" else POOL_PREFETCH
    _declare_queues(app)
    worker_process_init.connect(_after_fork)
    setup_logging.connect(_configure_logging)
    celery_worker.safe_say = _log_from_signal_handler
    for chatty in ("celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(chatty).setLevel(logging.WARNING)  # the journal tells, and better, what each task did
    node = name or f"{'+'.join(names) or 'all'}-{os.getpid()}"
    worker = app.Worker(
        hostname=host_format(f"{node}@%h"), pool_cls=pool, concurrency=concurrency, loglevel=settings().log_level,
        exclude_queues=unwanted, without_gossip=True, without_mingle=True, quiet=True,
    )  # fmt: skip
    gc_tuning.freeze_before_fork()
    if pool != "prefork":
        watchdog.start()
    worker.start()
    sys.exit(worker.exitcode)


def _declare_queues(app: Celery) -> None:
    """Make sure of all queues, also of those other workers serve; a broker that is down gets them from the relay."""
    with app.connection_for_write() as connection, contextlib.suppress(*connection.connection_errors):
        queues.declare(connection.channel())


def _configure_logging(**_event: object) -> None:
    """In place of Celery's own lines; it asks when it starts."""
    logs.configure_stdlib()


def _log_from_signal_handler(message: str, _file: object = None) -> None:
    """Log what Celery prints as plain text. Written past the logger, whose lock the interrupted code may hold."""
    line = {"event": message, "level": "info", "timestamp": clock.now()}
    with contextlib.suppress(OSError):
        os.write(1, orjson.dumps(line, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE))


def _after_fork(**_event: object) -> None:
    db.discard_inherited_connections()
    watchdog.start()
