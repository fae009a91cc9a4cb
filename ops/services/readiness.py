"""How one tells that a process can be used."""

import socket
from collections.abc import Callable

import requests

from ops.services.ports import LOOPBACK
from ops.services.process import Process

Ready = Callable[[Process], bool]
_ANSWER_SECONDS = 2


def tcp(port: int) -> Ready:
    """Somebody accepts connections on the loopback port."""

    def accepts(_: Process) -> bool:
        with socket.socket() as client:
            return client.connect_ex((LOOPBACK, port)) == 0

    return accepts


def http(url: str) -> Ready:
    """The URL answers with success."""

    def answers(_: Process) -> bool:
        with requests.Session() as session:
            session.trust_env = False  # no proxy stands between this machine and itself
            try:
                return session.get(url, timeout=_ANSWER_SECONDS).ok
            except requests.RequestException:
                return False

    return answers


def line(text: str) -> Ready:
    """The process has written the text since it was launched."""
    return lambda process: text in process.output()
