"""The sandbox as a gunicorn process."""

import os
from pathlib import Path
from threading import Thread
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from kit.config import settings
from ops.sandbox.app import create_app

THREADS = 32
"""Concurrent requests; one with the silent card occupies a thread until its client disconnects."""


class Server(BaseApplication):
    """Gunicorn with one worker, because KeysInFlight is in its memory. The worker creates the app."""

    def __init__(self, address: str, **app: Any) -> None:
        self._address = address
        self._app = app
        self._worker_end, self._master_end = os.pipe()
        super().__init__()

    def load_config(self) -> None:
        """Set gunicorn's options; called by gunicorn."""
        options = {
            "bind": self._address,
            "worker_class": "gthread",
            "threads": THREADS,
            "worker_connections": 1000,
            "keepalive": 75,
            "graceful_timeout": 3,
            "control_socket_disable": True,
            "proc_name": "orderx-sandbox",
            "loglevel": "warning",
            "post_fork": self._exit_with_master,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Create the app; called by gunicorn in the worker."""
        return create_app(**self._app)

    def _exit_with_master(self, _arbiter: Any, _worker: Any) -> None:
        # If the worker outlived a killed master, even for a second, it would occupy the port of the next start.
        os.close(self._master_end)
        Thread(target=self._wait_for_master_exit, daemon=True).start()

    def _wait_for_master_exit(self) -> None:
        os.read(self._worker_end, 1)
        os._exit(1)


def serve(host: str, port: int, ledger_path: Path, *, api_key: str | None = None, **options: Any) -> None:
    """Serve the sandbox until stopped (SIGTERM); the API key is the setting `payment_api_key` unless given.

    `options` go to create_app: `slow_seconds`, `silent_seconds` and `trusted_hosts`.
    """
    key = api_key or settings().require("payment_api_key")
    Server(f"{host}:{port}", ledger_path=ledger_path, api_key=key, **options).run()
