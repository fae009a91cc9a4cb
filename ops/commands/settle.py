"""`orderx saga retry`, `skip` and `compensate`: what an operator does about sagas that are stuck."""
# ruff: noqa: PLC0415 - each command imports what it needs when it runs, so that `--help` is quick

import getpass
import json
import sys
from typing import TYPE_CHECKING, Annotated, Protocol
from uuid import UUID

import typer

from kit.errors import OrderXError
from ops.commands.output import Json

if TYPE_CHECKING:
    from saga.engine.journal import Find, Ref

app = typer.Typer()


def _not_blank(text: str) -> str:
    if not text.strip():
        raise typer.BadParameter("say why: whoever looks at this later wants to know")
    return text


Ids = Annotated[list[UUID], typer.Argument(metavar="SAGA_OR_ORDER", help="Ids of stuck sagas, or of their orders.")]
Reason = Annotated[str, typer.Option(help="Why; kept with the incident.", callback=_not_blank)]
By = Annotated[str, typer.Option(default_factory=getpass.getuser, help="Who decides.", show_default="the login name")]


@app.command()
def retry(ids: Ids, reason: Reason, by: By, as_json: Json = False) -> None:
    """Try the failed step, or undo, again, as often as at first: when the cause is mended."""
    from saga.engine import settle

    _settle(settle.retry, "retried", ids, reason=reason, by=by, as_json=as_json)


@app.command()
def skip(ids: Ids, reason: Reason, by: By, as_json: Json = False) -> None:
    """Go on without the failed step, or undo: when its work was done by hand."""
    from saga.engine import settle

    _settle(settle.skip, "skipped", ids, reason=reason, by=by, as_json=as_json)


@app.command()
def compensate(ids: Ids, reason: Reason, by: By, as_json: Json = False) -> None:
    """Turn back and undo all that was begun, where that can still be done."""
    from saga.engine import settle

    _settle(settle.compensate, "turned back", ids, reason=reason, by=by, as_json=as_json)


class _Act(Protocol):
    def __call__(self, ref: "Ref", find: "Find", *, reason: str, by: str) -> None: ...


def _settle(act: _Act, done: str, ids: list[UUID], *, reason: str, by: str, as_json: bool) -> None:
    """Settle each, whatever becomes of the others, and say so; exit 1 if any could not be settled."""
    failed = False
    for each in ids:
        problem = _problem(act, each, reason=reason, by=by)
        failed = failed or problem is not None
        if as_json:
            print(json.dumps({"id": str(each), "result": "failed" if problem else done, "error": problem}))
        else:
            print(f"{each}  {f'failed: {problem}' if problem else done}")
    if failed:
        sys.exit(1)


def _problem(act: _Act, saga_or_order: UUID, *, reason: str, by: str) -> str | None:
    from kit import db
    from saga.registry import find

    try:
        for ref in _stuck(saga_or_order):
            act(ref, find, reason=reason, by=by)
    except OrderXError as error:
        return error.message
    except Exception as error:  # an ending's hook may raise anything, and the next saga may do without it
        if db.is_outage(error):
            raise
        return f"{type(error).__name__}: {error}"
    return None


def _stuck(saga_or_order: UUID) -> "list[Ref]":
    """The saga of this id, or those about this order that are stuck; if none is, all, to be told why not."""
    from kit import db
    from saga.engine import queries
    from saga.engine.journal import Ref

    with db.operator_transaction():
        found = queries.by_id(saga_or_order)
    stuck = [saga for saga in found if saga.state == "stuck"]
    return [Ref(saga.id, saga.company_id) for saga in stuck or found]
