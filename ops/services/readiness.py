"""Readiness checks for processes."""

import socket
from collections.abc import Callable

import requests

from ops.services.ports import LOOPBACK
from ops.services.process import Process

ReadyCheck = Callable[[Process], bool]
_ANSWER_SECONDS = 2


def tcp(port: int) -> ReadyCheck:
    """Ready when the loopback port accepts connections."""

    def accepts(_: Process) -> bool:
        with socket.socket() as client:
            return client.connect_ex((LOOPBACK, port)) == 0

    return accepts


def http(url: str) -> ReadyCheck:
    """Ready when the URL answers with a success status."""

    def answers(_: Process) -> bool:
        with requests.Session() as session:
            session.trust_env = False  # no proxy for loopback
            try:
                return session.get(url, timeout=_ANSWER_SECONDS).ok
            except requests.RequestException:
                return False

    return answers


def output_contains(text: str) -> ReadyCheck:
    """Ready when the process has written the text since its launch."""
    return lambda process: text in process.output()
