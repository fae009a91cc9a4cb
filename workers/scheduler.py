"""The scheduler sends the runs of schedules to the workers when they are due. Any number may run."""

import threading

import structlog

from kit import clock
from kit.config import settings
from kit.db import watchdog
from kit.process import failpoints, liveness, logs
from kit.process.stopping import on_stop_signals
from kit.schedules import runs
from workers import durability, schedules

INTERVAL = 1.0
"""Seconds between two looks for due runs."""

log = structlog.get_logger()


def run() -> None:
    """Run the scheduler until SIGTERM or SIGINT."""
    stopping = on_stop_signals()
    logs.configure()
    settings().require("operator_database_url")
    durability.require_durable("operator_database_url")
    watchdog.start()
    log.info("scheduler started")
    claim_until(stopping)


def claim_until(stopping: threading.Event) -> None:
    """Claim due runs every INTERVAL until `stopping` is set. A failure is logged, and the next round tries again."""
    declared, is_registered = schedules.declared(), False
    while not stopping.wait(INTERVAL):
        liveness.touch()
        try:
            if not is_registered:
                runs.register(declared, now=clock.now())
                is_registered = True
            if runs.claim_due(declared, now=clock.now()):
                failpoints.hit("schedule.claimed")
        except Exception as error:  # noqa: BLE001 - the next round tries again
            log.warning("scheduler retries", reason=str(error), error=type(error).__name__)
