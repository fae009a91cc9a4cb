"""The sweeper re-sends lost messages of sagas and mails, expires waits, starts overdue sagas, replays missed events.

Any number of sweepers may run.
"""

import threading
from functools import partial

import structlog

from kit import clock
from kit.config import settings
from kit.db import watchdog
from kit.process import liveness, logs
from kit.process.outages import run_each
from kit.process.stopping import on_stop_signals
from saga.engine.queued_sagas import release_overdue
from saga.engine.sweep import sweep
from saga.registry import find
from workers import durability, saga_definitions
from workers.alerts import monitor as alert_monitor
from workers.events.missed_events import Replayer
from workers.overdue_mails import MailResender

SWEEP_INTERVAL = 1.0
"""Seconds between two rounds."""

log = structlog.get_logger()


def run() -> None:
    """Run the sweeper until SIGTERM or SIGINT."""
    stopping = on_stop_signals()
    logs.configure()
    settings().require("operator_database_url")
    settings().require("database_url")
    durability.require_durable("operator_database_url", "database_url")
    saga_definitions.require_unchanged()
    watchdog.start()
    alert_monitor.start(stopping)
    log.info("sweeper started")
    sweep_until(stopping)


def sweep_until(stopping: threading.Event) -> None:
    """Sweep every SWEEP_INTERVAL until `stopping` is set. A failed round is logged, and the next one tries again."""
    mails, replayer = MailResender(now=clock.now()), Replayer(now=clock.now())
    while not stopping.wait(SWEEP_INTERVAL):
        liveness.touch()
        try:
            now = clock.now()
            run_each(
                resend_stalled_sagas,
                partial(release_overdue, find, now=now),
                partial(mails.resend, now=now),
                partial(replayer.replay, now=now),
            )
        except Exception as error:  # noqa: BLE001 - the next round tries again
            log.warning("sweeper retries", reason=str(error), error=type(error).__name__)


def resend_stalled_sagas() -> int:
    """Re-send what stalled sagas are missing, and expire waits that are due. Returns the number of stalled sagas."""
    stalled = sweep(find)
    if stalled:
        log.info("stalled sagas re-sent", sagas=stalled)
    return stalled
