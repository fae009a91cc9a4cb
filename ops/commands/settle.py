"""`orderx saga retry`, `skip`, `compensate` and `resolve`: what an operator does about sagas that are stuck."""
# ruff: noqa: PLC0415 - each command imports what it needs when it runs, so that `--help` is quick

import sys
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from ops.commands.output import Company, Error, Json, SagaName, Step, print_json
from ops.commands.reasons import By, Reason

if TYPE_CHECKING:
    from saga.incidents.bulk import Action, Result, Target

app = typer.Typer()


class End(StrEnum):
    """How a resolved saga ends."""

    DONE = "done"
    UNDONE = "undone"


Ids = Annotated[
    list[UUID] | None,
    typer.Argument(
        metavar="SAGA_OR_ORDER", help="Ids of stuck sagas, of their orders or incidents; or say which by options."
    ),
]
Everything = Annotated[bool, typer.Option("--all", help="Settle everything that is stuck.")]
Limit = Annotated[int, typer.Option(help="Without ids: at most so many, the oldest first.", min=1)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would become of each, and change nothing.")]
As = Annotated[End, typer.Option("--as", help="How the saga ends.")]


@app.command()
def retry(
    *, reason: Reason, by: By, ids: Ids = None, step: Step = None, error: Error = None, saga: SagaName = None,
    company: Company = None, everything: Everything = False, limit: Limit = 100, dry_run: DryRun = False,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Try the failed step, or undo, again, as often as at first: when the cause is mended."""
    wanted = _Wanted(ids, step, error, saga, company, everything, limit)
    _settle("retry", wanted, reason=reason, by=by, dry_run=dry_run, as_json=as_json)


@app.command()
def skip(
    *, reason: Reason, by: By, ids: Ids = None, step: Step = None, error: Error = None, saga: SagaName = None,
    company: Company = None, everything: Everything = False, limit: Limit = 100, dry_run: DryRun = False,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Go on without the failed step, or undo: when its work was done by hand."""
    wanted = _Wanted(ids, step, error, saga, company, everything, limit)
    _settle("skip", wanted, reason=reason, by=by, dry_run=dry_run, as_json=as_json)


@app.command()
def compensate(
    *, reason: Reason, by: By, ids: Ids = None, step: Step = None, error: Error = None, saga: SagaName = None,
    company: Company = None, everything: Everything = False, limit: Limit = 100, dry_run: DryRun = False,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Turn back and undo all that was begun, where that can still be done."""
    wanted = _Wanted(ids, step, error, saga, company, everything, limit)
    _settle("compensate", wanted, reason=reason, by=by, dry_run=dry_run, as_json=as_json)


@app.command()
def resolve(
    *, reason: Reason, by: By, end: As, ids: Ids = None, step: Step = None, error: Error = None, saga: SagaName = None,
    company: Company = None, everything: Everything = False, limit: Limit = 100, dry_run: DryRun = False,
    as_json: Json = False,
) -> None:  # fmt: skip
    """End the saga here and now: when all that it had still to do, or to undo, was done by hand."""
    wanted = _Wanted(ids, step, error, saga, company, everything, limit)
    _settle("resolve", wanted, end=end, reason=reason, by=by, dry_run=dry_run, as_json=as_json)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What stands on the command line about which sagas are meant."""

    ids: list[UUID] | None
    step: str | None
    error: str | None
    saga: str | None
    company: UUID | None
    everything: bool
    limit: int

    def find(self) -> "tuple[list[Target], int]":
        """What is meant, and how many more there are beyond the limit."""
        from kit import db
        from saga.incidents import bulk
        from saga.incidents.queries import IncidentFilter

        filtered = any((self.step, self.error, self.saga, self.company, self.everything))
        if bool(self.ids) == filtered:
            raise typer.BadParameter("name ids, or say which by --step, --error, --saga or --company, or say --all")
        with db.operator_transaction():
            if self.ids:
                return bulk.targets_by_id(self.ids), 0
            incident_filter = IncidentFilter(self.step, self.error, self.saga, self.company)
            return bulk.targets_by_filter(incident_filter, limit=self.limit)


def _settle(
    action: "Action", wanted: _Wanted, *, reason: str, by: str, dry_run: bool, as_json: bool, end: End | None = None
) -> None:
    """Settle each, whatever becomes of the others, and say so; exit 1 if any could not be settled."""
    from kit.process import logs
    from saga.incidents import bulk

    decision = bulk.Decision(action, reason, by, end.value if end else None)
    targets, left = wanted.find()
    failed = False
    with logs.to_stderr():
        for result in bulk.act_on_each(targets, decision, dry_run=dry_run):
            failed = failed or result.problem is not None
            if as_json:
                problem = asdict(result.problem) if result.problem else None
                print_json({**result.as_row(), "error": problem})
            else:
                print(f"{result.target.id}  {_said(result, action, dry_run=dry_run)}")
    if not targets and not as_json:
        print("Nothing of this kind is stuck.")
    if left:
        print(f"{left} more of this kind are left, beyond --limit {wanted.limit}.", file=sys.stderr)
    if failed:
        sys.exit(1)


def _said(result: "Result", action: "Action", *, dry_run: bool) -> str:
    from saga.incidents.bulk import PAST_TENSE

    if result.problem:
        return f"{'would fail' if dry_run else 'failed'}: {result.problem.detail}"
    assert result.effect
    verb = f"would be {PAST_TENSE[action]}" if dry_run else PAST_TENSE[action]
    then = "".join(f", then {task}" for task in result.effect.tasks)
    return f"{result.target.step} {verb}: {result.effect.state}{then}"
