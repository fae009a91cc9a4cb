"""`orderx up` and the stack under `orderx demo`."""

import json
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from rich.console import Console

from ops.services import directories, rabbitmq
from ops.services.follow import Follower
from ops.services.supervisor import interruptible
from ops.stack import Stack, default_home, reserve

_console = Console(highlight=False)


def up(*, follow: bool, as_json: bool) -> None:
    """Run the stack until Ctrl-C or SIGTERM, and stop all of it."""
    with interruptible(), reserve(default_home()) as home:
        stack = Stack(home)
        with Follower(stack.processes, _console) if follow else nullcontext():
            try:
                _start(stack, quietly=as_json)
                directories.write_privately(home / "env", _shell_settings(stack))
                _announce(stack, as_json=as_json)
                stack.keep_running()
            except KeyboardInterrupt:
                if not as_json:
                    _console.print("Stopping.")
            finally:
                stack.stop()


@contextmanager
def temporary_stack() -> Iterator[Stack]:
    """A started stack in a directory of its own; afterwards neither is left."""
    with interruptible(), directories.temporary() as home:
        stack = Stack(home)
        try:
            _start(stack, quietly=False)
            yield stack
        finally:
            stack.stop()


def urls(stack: Stack) -> dict[str, str]:
    """The addresses to open in a browser, by name, without any login."""
    faces = {
        "api": stack.api_url,
        "docs": f"{stack.api_url}/api/docs",
        "flower": stack.flower_url,
        "inbox": stack.inbox_url,
        "sandbox": stack.sandbox_url,
    }
    return faces | ({"rabbitmq": str(stack.rabbitmq.management_url)} if stack.rabbitmq else {})


def _start(stack: Stack, *, quietly: bool) -> None:
    said = f"Starting the stack (broker: {stack.broker_name}) …"
    with nullcontext() if quietly else _console.status(said):
        stack.start()


def _announce(stack: Stack, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({**urls(stack), **_rabbitmq_login(stack)}), flush=True)
    else:
        _console.print(_overview(stack), soft_wrap=True)


def _overview(stack: Stack) -> str:
    rows = urls(stack) | {"broker": stack.broker_name, "data, logs": _short(stack.home)}
    if login := _rabbitmq_login(stack):
        rows["rabbitmq"] += " (user {rabbitmq_user}, password in {rabbitmq_password_file})".format_map(login)
    orderx = _short(Path(sys.executable).with_name("orderx"))
    rows["join in"] = f"set -a; . {_short(stack.home / 'env')}; set +a; {orderx} saga list"
    return "\n".join(["OrderX is up; Ctrl-C stops it.", *(f"  {name:<12}{where}" for name, where in rows.items())])


def _rabbitmq_login(stack: Stack) -> dict[str, str]:
    """The user of RabbitMQ's console, and the file, readable by us alone, that holds the password."""
    if stack.rabbitmq is None:
        return {}
    return {"rabbitmq_user": rabbitmq.USER, "rabbitmq_password_file": _short(stack.rabbitmq.password_file)}


def _shell_settings(stack: Stack) -> str:
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in sorted(stack.env.items()))


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
