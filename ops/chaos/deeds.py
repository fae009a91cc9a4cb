"""What can be done to a stack. Each deed is a generator that yields how many seconds it wants to pass.

It ends when what it disturbed is back: started again and ready, thawed, or restored.
"""

import os
import signal
import time
from collections.abc import Generator
from contextlib import suppress

from ops.chaos.plan import OF_A_CHILD, Disturbance
from ops.chaos.stack import ChaosStack
from ops.chaos.wire import Wire
from ops.services.family import children, descendants
from ops.services.process import DidNotStart, Process
from ops.services.rabbitmq import RabbitMQ

Deed = Generator[float, None, None]

_LOOK_EVERY = 0.1
_LONGEST_START = 120.0


def perform(stack: ChaosStack, what: Disturbance) -> Deed:
    """The deed that the plan asks for."""
    process = stack[what.whom]
    if what.deed == "kill":
        return _kill_child(process, what.at) if what.target in OF_A_CHILD else kill(process, what.seconds)
    if what.deed == "freeze":
        return freeze(process, what.seconds)
    if what.deed == "alarm":
        return alarm(stack.broker, what.seconds)
    wire = stack.wires[what.whom]
    return cut(wire, what.seconds) if what.deed == "cut" else hang(wire, what.seconds)


def kill(process: Process, seconds: float) -> Deed:
    """SIGKILL the process itself, leaving its children to notice; start it again after a pause.

    PostgreSQL's children are killed with it: without a postmaster they may linger and keep a new one from starting.
    """
    assert process.pid
    victims = [process.pid, *(descendants(process.pid) if process.name == "postgres" else [])]
    for pid in victims:
        _kill(pid)
    yield seconds
    yield from start_again(process)


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):  # it may have ended since we looked
        os.kill(pid, signal.SIGKILL)


def start_again(process: Process) -> Deed:
    """Start a dead process as a supervisor would: once more whenever it ends before it is ready."""
    deadline = time.monotonic() + _LONGEST_START
    while not process.ready:
        if time.monotonic() > deadline:
            raise DidNotStart(f"{process.name} did not come back within {_LONGEST_START:g} s; see {process.log}")
        if not process.running:
            process.kill()  # what is left of its group
            process.launch()
        yield _LOOK_EVERY


def _kill_child(process: Process, draw: float) -> Deed:
    """SIGKILL one of the process's children, and wait until another one stands in its place."""
    assert process.pid
    before = children(process.pid)
    if before:
        victim = before[int(draw * 100) % len(before)]
        _kill(victim)
        while process.running and (victim in (now := children(process.pid)) or len(now) < len(before)):
            yield _LOOK_EVERY
    yield from start_again(process)


def freeze(process: Process, seconds: float) -> Deed:
    """SIGSTOP the process and its children, and let them go on later."""
    process.freeze()
    try:
        yield seconds
    finally:
        process.thaw()


def cut(wire: Wire, seconds: float) -> Deed:
    """Break every connection and refuse new ones, for so long."""
    wire.cut()
    yield seconds
    wire.restore()


def hang(wire: Wire, seconds: float) -> Deed:
    """Let every connection fall silent, for so long."""
    wire.hang()
    yield seconds
    wire.restore()


def alarm(node: RabbitMQ, seconds: float) -> Deed:
    """Have the broker believe that its memory is used up: it stops taking messages, for so long."""
    node.ctl("set_vm_memory_high_watermark", "0")
    yield seconds
    node.ctl("set_vm_memory_high_watermark", "0.4")
