"""What the end of a run says about the cost of tests. It fails no test, because a slow machine is no failure.

It names tests over two seconds without the mark `slow`, and tests without the mark `processes` that start one.
"""

import os
import subprocess
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import pytest

SLOW = 2.0
"""Seconds that a test may take without the mark; its fixtures do not count."""

_STARTS = ("starts_processes", True)
_started: list[str] = []


def pytest_configure(config: pytest.Config) -> None:
    """Note the processes that this one starts."""
    patched = pytest.MonkeyPatch()
    config.add_cleanup(patched.undo)
    popen, fork = subprocess.Popen.__init__, os.fork

    def noted_popen(*args: object, **options: object) -> None:
        _started.append("popen")
        popen(*args, **options)

    def noted_fork() -> int:
        _started.append("fork")
        return fork()

    patched.setattr(subprocess.Popen, "__init__", noted_popen)
    patched.setattr(os, "fork", noted_fork)


@contextmanager
def shared_server() -> Iterator[None]:
    """Forget the processes that the block starts: they serve all tests of this test worker."""
    before = len(_started)
    yield
    del _started[before:]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Generator[None, pytest.TestReport]:
    """Pass on, with the report of its last phase, that a test has started processes."""
    if call.when == "teardown":
        if _started and not item.get_closest_marker("processes"):
            item.user_properties.append(_STARTS)
        _started.clear()
    return (yield)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the tests that lack a mark."""
    reports = [
        report for each in terminalreporter.stats.values() for report in each if isinstance(report, pytest.TestReport)
    ]
    slow = [
        f"{report.duration:.1f} s {report.nodeid}"
        for report in sorted(reports, key=lambda report: -report.duration)
        if report.when == "call" and report.duration > SLOW and "slow" not in report.keywords
    ]
    starting = sorted(report.nodeid for report in reports if _STARTS in report.user_properties)
    for title, lines in (
        (f"{len(slow)} tests over {SLOW:.0f} s without the mark slow", slow),
        (f"{len(starting)} tests that start processes without the mark processes", starting),
    ):
        if lines:
            terminalreporter.section(title, sep="-")
            for line in lines:
                terminalreporter.write_line(line)
