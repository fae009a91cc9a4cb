"""`orderx up`, and the temporary stack of `orderx demo`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from ops import running_stack
from ops.commands.output import console, print_json, print_line
from ops.commands.progress import startup_progress
from ops.services import directories, rabbitmq
from ops.services.log_tail import LogFollower
from ops.services.supervisor import STOP_SECONDS, interruptible
from ops.stack import Stack


def up(*, follow: bool, as_json: bool) -> None:
    """Run the stack until Ctrl-C or SIGTERM, then stop it."""
    with interruptible(), running_stack.lock(running_stack.default_directory()) as here:
        stack = Stack(here)
        with LogFollower(stack.processes, console) if follow else nullcontext():
            try:
                _start(stack, quietly=as_json)
                running_stack.write_settings_and_urls(here, settings=stack.env, urls=urls(stack))
                _announce(stack, as_json=as_json)
                stack.keep_running()
            except KeyboardInterrupt:
                if not as_json:
                    print_line("Stopping.")
            finally:
                running_stack.delete_settings_and_urls(here)
                stack.stop(within=STOP_SECONDS)


@contextmanager
def temporary_stack() -> Iterator[Stack]:
    """A started stack in a temporary directory; afterwards both are removed."""
    with interruptible(), directories.temporary() as home:
        stack = Stack(home)
        try:
            _start(stack, quietly=False)
            yield stack
        finally:
            print_line("Stopping the stack.")
            stack.stop(within=STOP_SECONDS)


def urls(stack: Stack) -> dict[str, str]:
    """URLs to open in a browser, by name, without logins."""
    addresses = {
        "api": stack.api_url,
        "docs": f"{stack.api_url}/api/docs",
        "flower": stack.flower_url,
        "inbox": stack.inbox_url,
        "sandbox": stack.sandbox_url,
    }
    return addresses | ({"rabbitmq": str(stack.rabbitmq.management_url)} if stack.rabbitmq else {})


def _start(stack: Stack, *, quietly: bool) -> None:
    with nullcontext() if quietly else startup_progress(stack):
        stack.start()


def _announce(stack: Stack, *, as_json: bool) -> None:
    if as_json:
        print_json({**urls(stack), **_rabbitmq_login(stack)})
    else:
        print_line(_overview(stack))


def _overview(stack: Stack) -> str:
    rows = urls(stack) | {"broker": stack.broker_name, "data, logs": _short(stack.home)}
    if login := _rabbitmq_login(stack):
        rows["rabbitmq"] += " (user {rabbitmq_user}, password in {rabbitmq_password_file})".format_map(login)
    orderx = _short(Path(sys.executable).with_name("orderx"))
    rows["try"] = f"{orderx} saga list, {orderx} urls"
    return "\n".join(["OrderX is running; Ctrl-C stops it.", *(f"  {name:<12}{where}" for name, where in rows.items())])


def _rabbitmq_login(stack: Stack) -> dict[str, str]:
    """The user of RabbitMQ's console, and the path of the private file with the password."""
    if stack.rabbitmq is None:
        return {}
    return {"rabbitmq_user": rabbitmq.USER, "rabbitmq_password_file": _short(stack.rabbitmq.password_file)}


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
