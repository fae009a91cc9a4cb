"""Errors of a command: one line on stderr, with exit code 1, or 2 if the command line itself is wrong."""

import errno
import os
import socket
import sys
from collections.abc import Callable
from typing import NoReturn

import typer
from typer.exceptions import TyperException

from kit.errors import NotConfigured, OrderXError
from ops import command_settings

_CANNOT_LISTEN = {errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES, socket.EAI_NONAME}
_CANNOT_WRITE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


def report_in_one_line(run: Callable[[], object]) -> None:
    """Run the command and report its errors; a closed output pipe is not reported.

    `run` returns the exit code, if it is not None; it raises typer's usage errors instead of printing them.
    """
    try:
        code = _run(run)
    except BrokenPipeError:
        _discard_output()
        sys.exit(1)
    except NotConfigured as error:
        _exit_with(error.message + (_where_to_start() if " is not set" in error.message else ""))
    except OrderXError as error:
        _exit_with(error.message)
    except TyperException as error:
        _explain_usage(error)
    except typer.Abort:
        _exit_with("aborted")
    except Exception as error:
        _exit_if_expected(error)
        raise
    if isinstance(code, int):
        sys.exit(code)


def _run(run: Callable[[], object]) -> object:
    try:
        return run()
    finally:
        if sys.stdout:
            sys.stdout.flush()  # at exit, Python would print a traceback for a full disk or a closed pipe


def _explain_usage(error: TyperException) -> NoReturn:
    """Print what is wrong with which option, and which help to read. Without arguments, print that help."""
    context: typer.Context | None = getattr(error, "ctx", None)
    if context is None or type(error).__name__ == "NoArgsIsHelpError":
        print(error.format_message(), file=sys.stderr)
        sys.exit(error.exit_code)
    message = " ".join(error.format_message().split()).replace("Value error, ", "").removesuffix(".")
    _exit_with(f"{message[:1].lower()}{message[1:]}; see `{context.command_path} --help`", code=error.exit_code)


def _where_to_start() -> str:
    """What an operator may have forgotten, if the command reads the settings of a running stack."""
    command = next(iter(sys.argv[1:]), "")
    reads_stack = command in command_settings.OPERATOR_COMMANDS
    return "; or is no stack running here? `orderx up` starts one" if reads_stack else ""


def _exit_if_expected(error: Exception) -> None:
    # slow to import, and rarely needed
    from psycopg.errors import UndefinedColumn, UndefinedFunction, UndefinedTable  # noqa: PLC0415

    from kit import db  # noqa: PLC0415

    if db.is_outage(error):
        _exit_with("the database does not answer: " + str(error).strip().splitlines()[0])
    if isinstance(getattr(error, "orig", error), UndefinedTable | UndefinedColumn | UndefinedFunction):
        _exit_with("the database does not have this release's schema: run `orderx migrate`")
    if isinstance(error, OSError):
        if error.filename:
            _exit_with(f"{error.filename}: {error.strerror}")
        if error.errno in _CANNOT_LISTEN:
            _exit_with(f"cannot listen at this address, use another --host or --port: {error.strerror}")
        if error.errno in _CANNOT_WRITE:
            _discard_output()
            _exit_with(f"cannot write: {error.strerror}")


def _exit_with(reason: str, *, code: int = 1) -> NoReturn:
    print(f"orderx: {reason}", file=sys.stderr)
    sys.exit(code)


def _discard_output() -> None:
    """Redirect stdout to /dev/null, or Python tries again to write the buffered rest when it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
