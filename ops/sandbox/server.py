"""The sandbox as a process of its own."""

import os
from pathlib import Path
from threading import Thread
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from kit.config import settings
from ops.sandbox.app import create_app

THREADS = 32
"""Requests served at a time; a silent card occupies one until its client gives up."""


class Server(BaseApplication):
    """Gunicorn with one worker, since keys in flight are known to one process, and the app built inside it."""

    def __init__(self, address: str, **app: Any) -> None:
        self._address = address
        self._app = app
        self._master_is_gone, self._masters_end = os.pipe()
        super().__init__()

    def load_config(self) -> None:
        """Tell gunicorn how to serve; called by it."""
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
            "post_fork": self._leave_with_the_master,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Build the app; called by gunicorn in the worker."""
        return create_app(**self._app)

    def _leave_with_the_master(self, _arbiter: Any, _worker: Any) -> None:
        # A worker that outlives a killed master, if only for a second, would hold the port its successor needs.
        os.close(self._masters_end)
        Thread(target=self._wait_for_the_end, daemon=True).start()

    def _wait_for_the_end(self) -> None:
        os.read(self._master_is_gone, 1)
        os._exit(1)


def serve(host: str, port: int, ledger_path: Path, *, api_key: str | None = None, **options: Any) -> None:
    """Serve the sandbox until stopped (SIGTERM); the API key is the setting `payment_api_key` unless given.

    `options` go to create_app: `slow_seconds`, `silent_seconds` and `trusted_hosts`.
    """
    key = api_key or settings().require("payment_api_key")
    Server(f"{host}:{port}", ledger_path=ledger_path, api_key=key, **options).run()
