"""A process that has imported what others need, and forks them from itself, so that its memory is theirs, too.

Usage: nursery.py MODULE...   (by ops/services/forked.py, which talks to it over a socket on its standard input)

Whom it forks becomes a child of whoever started the nursery: the true parent ends at once, and Linux gives its orphans
to the nearest ancestor that has asked for them.
"""

import ctypes
import json
import os
import socket
import sys
import time
from importlib import import_module
from typing import Any

from kit.process import gc_tuning
from ops import cli
from ops.services import tether

_PR_SET_NAME = 15
"""What `ps` and `top` call a process (its command line stays the nursery's)."""


def main(modules: list[str]) -> None:
    """Fork a process for each order, a line of JSON, until nobody can give one any more."""
    for module in modules:
        import_module(module)
    gc_tuning.freeze_before_fork()
    print("the nursery is ready", flush=True)
    with socket.socket(fileno=os.dup(0)) as line:
        while line.recv(1, socket.MSG_PEEK):
            _fork(line)


def _fork(line: socket.socket) -> None:
    between = os.fork()
    if between:
        os.waitpid(between, 0)
        return
    # Read here, so that neither this process nor those it forks later have another's settings in memory.
    with line.makefile("rb") as orders:
        order = json.loads(orders.readline())
    between = os.getpid()
    if os.fork():
        os._exit(0)
    while os.getppid() == between:
        time.sleep(0.001)
    _become(order, line)
    sys.exit(0)


def _become(order: dict[str, Any], line: socket.socket) -> None:
    os.setsid()
    tether.tie(order["orphan_signal"], order["parent"])
    ctypes.CDLL(None).prctl(_PR_SET_NAME, f"orderx {order['words'][0]}".encode())
    for descriptor, flags, path in ((0, os.O_RDONLY, os.devnull), (1, os.O_WRONLY | os.O_APPEND, order["log"])):
        opened = os.open(path, flags)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.dup2(1, 2)
    os.environ.clear()
    os.environ.update(order["env"])
    line.sendall(f"{os.getpid()}\n".encode())
    line.close()
    sys.argv = ["orderx", *order["words"]]
    cli.main()


if __name__ == "__main__":
    main(sys.argv[1:])
