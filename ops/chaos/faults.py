"""The faults. Each is a generator that yields the seconds to wait until its next step.

It ends when the process works again: restarted and ready, resumed, or reconnected.
"""

import os
import signal
import time
from collections.abc import Generator
from contextlib import suppress

from ops.chaos.plan import CHILD_TARGETS, PlannedFault
from ops.chaos.stack import ChaosStack
from ops.chaos.tcp_proxy import TcpProxy
from ops.services.process import DidNotStart, Process
from ops.services.process_tree import children, descendants
from ops.services.rabbitmq import RabbitMQ

Fault = Generator[float, None, None]

_POLL_INTERVAL = 0.1
_MAX_START_SECONDS = 120.0


def inject(stack: ChaosStack, planned: PlannedFault) -> Fault:
    """The fault that the plan specifies; it begins with the first `next`."""
    process = stack[planned.process]
    if planned.kind == "kill":
        is_child = planned.target in CHILD_TARGETS
        return _kill_child(process, planned.at) if is_child else kill(process, planned.seconds)
    if planned.kind == "freeze":
        return freeze(process, planned.seconds)
    if planned.kind == "alarm":
        return alarm(stack.broker, planned.seconds)
    proxy = stack.proxies[planned.process]
    return cut(proxy, planned.seconds) if planned.kind == "cut" else hang(proxy, planned.seconds)


def kill(process: Process, seconds: float) -> Fault:
    """SIGKILL the process but not its children, and restart it after a delay.

    PostgreSQL's children are killed, too: without a postmaster they may keep running and prevent a new start.
    """
    assert process.pid
    victims = [process.pid, *(descendants(process.pid) if process.name == "postgres" else [])]
    for pid in victims:
        _kill(pid)
    yield seconds
    yield from restart(process)


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):  # it may have ended meanwhile
        os.kill(pid, signal.SIGKILL)


def restart(process: Process) -> Fault:
    """Start a dead process as a supervisor would: again whenever it ends before it is ready."""
    deadline = time.monotonic() + _MAX_START_SECONDS
    while not process.ready:
        if time.monotonic() > deadline:
            raise DidNotStart(f"{process.name} did not start within {_MAX_START_SECONDS:g} s; see {process.log}")
        if not process.is_running:
            process.kill()  # the rest of its group
            process.launch()
        yield _POLL_INTERVAL


def _kill_child(process: Process, draw: float) -> Fault:
    """SIGKILL one of the process's children, and wait until it is replaced."""
    assert process.pid
    before = children(process.pid)
    if before:
        victim = before[int(draw * 100) % len(before)]
        _kill(victim)
        while process.is_running and (victim in (now := children(process.pid)) or len(now) < len(before)):
            yield _POLL_INTERVAL
    yield from restart(process)


def freeze(process: Process, seconds: float) -> Fault:
    """SIGSTOP the process and its children, and resume them later."""
    process.freeze()
    try:
        yield seconds
    finally:
        process.thaw()


def cut(proxy: TcpProxy, seconds: float) -> Fault:
    """Break all connections and refuse new ones."""
    proxy.cut()
    yield seconds
    proxy.restore()


def hang(proxy: TcpProxy, seconds: float) -> Fault:
    """Stall all connections."""
    proxy.hang()
    yield seconds
    proxy.restore()


def alarm(node: RabbitMQ, seconds: float) -> Fault:
    """Trigger the broker's memory alarm, so that it blocks publishers."""
    node.ctl("set_vm_memory_high_watermark", "0")
    yield seconds
    node.ctl("set_vm_memory_high_watermark", "0.4")
