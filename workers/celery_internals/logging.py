"""A worker's logging: every line as JSON, those of Celery included."""

import contextlib
import logging
import os

import orjson
from celery.apps import worker as celery_worker
from celery.signals import setup_logging

from kit import clock
from kit.process import logs


def configure() -> None:
    """Replace Celery's logging setup, and the output of its signal handlers, in this process."""
    setup_logging.connect(_configure_stdlib)
    celery_worker.safe_say = _write_from_signal_handler
    for logger in ("celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(logger).setLevel(logging.WARNING)  # the journal records what each task did, in more detail


def _configure_stdlib(**_event: object) -> None:
    logs.configure_stdlib()


def _write_from_signal_handler(message: str, _file: object = None) -> None:
    """Write as JSON what Celery prints as plain text, without a logger: the interrupted code may hold its lock."""
    line = {"event": message, "level": "info", "timestamp": clock.now()}
    with contextlib.suppress(OSError):
        os.write(1, orjson.dumps(line, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE))
