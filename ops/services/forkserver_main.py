"""The fork server: imports modules once and forks processes on request, which share its memory copy-on-write.

Usage: forkserver_main.py MODULE...   (by ops/services/forkserver.py, over a socket on its standard input)

A forked process becomes a child of the process that started the fork server: its direct parent exits at once, and
Linux reassigns orphans to the nearest subreaper (PR_SET_CHILD_SUBREAPER).
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
from ops.services import parent_death

_PR_SET_NAME = 15
"""Sets the process name in `ps` and `top`; the command line stays that of the fork server."""


def main(modules: list[str]) -> None:
    """Fork a process for each request (a line of JSON) until the socket is closed."""
    for module in modules:
        import_module(module)
    gc_tuning.freeze_before_fork()
    print("the fork server is ready", flush=True)
    with socket.socket(fileno=os.dup(0)) as requests:
        while requests.recv(1, socket.MSG_PEEK):
            _fork(requests)


def _fork(requests: socket.socket) -> None:
    intermediate = os.fork()
    if intermediate:
        os.waitpid(intermediate, 0)
        return
    # Read in the child, so that the settings are not in the memory of the fork server and of later processes.
    with requests.makefile("rb") as lines:
        request = json.loads(lines.readline())
    intermediate = os.getpid()
    if os.fork():
        os._exit(0)
    while os.getppid() == intermediate:
        time.sleep(0.001)
    _run(request, requests)
    sys.exit(0)


def _run(request: dict[str, Any], connection: socket.socket) -> None:
    os.setsid()
    parent_death.die_with_parent(request["parent_death_signal"], request["parent"])
    ctypes.CDLL(None).prctl(_PR_SET_NAME, f"orderx {request['args'][0]}".encode())
    for descriptor, flags, path in ((0, os.O_RDONLY, os.devnull), (1, os.O_WRONLY | os.O_APPEND, request["log"])):
        opened = os.open(path, flags)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.dup2(1, 2)
    os.environ.clear()
    os.environ.update(request["env"])
    connection.sendall(f"{os.getpid()}\n".encode())
    connection.close()
    sys.argv = ["orderx", *request["args"]]
    cli.main()


if __name__ == "__main__":
    main(sys.argv[1:])
