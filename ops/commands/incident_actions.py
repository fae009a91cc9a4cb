"""`orderx saga retry`, `skip`, `compensate` and `resolve`: an operator's actions on stuck sagas."""
# ruff: noqa: PLC0415 - each command imports its modules when it runs, so that `--help` is fast

import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from ops.commands.audit_options import By, Reason
from ops.commands.incident_options import Company, Error, SagaName, Step, incident_filter
from ops.commands.output import Json, print_json

if TYPE_CHECKING:
    from saga.incidents.bulk import Action, ChosenIncident, Result

app = typer.Typer()


class End(StrEnum):
    """How a resolved saga ends."""

    DONE = "done"
    UNDONE = "undone"


Ids = Annotated[
    list[UUID] | None,
    typer.Argument(
        metavar="SAGA_OR_ORDER", help="Ids of stuck sagas, of their orders or incidents; or select them by options."
    ),
]
Everything = Annotated[bool, typer.Option("--all", help="Select all stuck sagas.")]
Limit = Annotated[int, typer.Option(help="Without ids: maximum number, the oldest first.", min=1, max=10_000)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the result for each, and change nothing.")]
As = Annotated[End, typer.Option("--as", help="The saga's outcome.")]


def _command(action: "Action") -> Callable[..., None]:
    """The command of this action: all of them select sagas by the same options."""

    def act(
        *, reason: Reason, by: By, ids: Ids = None, step: Step = None, error: Error = None, saga: SagaName = None,
        company: Company = None, everything: Everything = False, limit: Limit = 100, dry_run: DryRun = False,
        as_json: Json = False,
    ) -> None:  # fmt: skip
        selection = _Selection(ids, step, error, saga, company, everything, limit)
        _act(action, selection, reason=reason, by=by, dry_run=dry_run, as_json=as_json)

    return act


COMMANDS: "dict[Action, str]" = {
    "retry": "Retry the failed step or undo, with all its attempts. Use it when the cause is fixed.",
    "skip": "Continue without the failed step or undo. Use it when its work was done by hand.",
    "compensate": "Undo all steps that were begun, if that is still possible.",
}
for name, text in COMMANDS.items():
    app.command(name, help=text)(_command(name))


@app.command()
def resolve(
    *, reason: Reason, by: By, end: As, ids: Ids = None, step: Step = None, error: Error = None, saga: SagaName = None,
    company: Company = None, everything: Everything = False, limit: Limit = 100, dry_run: DryRun = False,
    as_json: Json = False,
) -> None:  # fmt: skip
    """End the saga at once. Use it when all its remaining steps or undos were done by hand."""
    selection = _Selection(ids, step, error, saga, company, everything, limit)
    _act("resolve", selection, end=end, reason=reason, by=by, dry_run=dry_run, as_json=as_json)


@dataclass(frozen=True, slots=True)
class _Selection:
    """The selection of sagas on the command line."""

    ids: list[UUID] | None
    step: str | None
    error: str | None
    saga: str | None
    company: UUID | None
    everything: bool
    limit: int

    def find(self) -> "tuple[list[ChosenIncident], int]":
        """The selected incidents, and the number of those beyond the limit."""
        from kit import db
        from saga.incidents import bulk

        filtered = any((self.step, self.error, self.saga, self.company, self.everything))
        if bool(self.ids) == filtered:
            raise typer.BadParameter("give ids, or select by --step, --error, --saga or --company, or give --all")
        with db.operator_transaction():
            if self.ids:
                return bulk.choose_by_ids(self.ids), 0
            selected = incident_filter(step=self.step, error=self.error, saga=self.saga, company=self.company)
            return bulk.choose_by_filter(selected, limit=self.limit)


def _act(
    action: "Action",
    selection: _Selection,
    *,
    reason: str,
    by: str,
    dry_run: bool,
    as_json: bool,
    end: End | None = None,
) -> None:
    """Apply the action to each saga independently and print the result; exit 1 if any failed."""
    from kit.process import logs
    from saga.incidents import bulk

    decision = bulk.Decision(action, reason, by, end.value if end else None)
    chosen, left = selection.find()
    failed = False
    with logs.to_stderr():
        for result in bulk.act_on_each(chosen, decision, dry_run=dry_run):
            failed = failed or result.problem is not None
            if as_json:
                problem = asdict(result.problem) if result.problem else None
                print_json({**result.as_row(), "error": problem})
            else:
                print(f"{result.incident.id}  {_describe(result, action, dry_run=dry_run)}")
    if not chosen and not as_json:
        print("No such saga is stuck.")
    if left:
        print(f"{left} more are left, beyond --limit {selection.limit}.", file=sys.stderr)
    if failed:
        sys.exit(1)


def _describe(result: "Result", action: "Action", *, dry_run: bool) -> str:
    from saga.incidents.bulk import PAST_TENSE

    if result.problem:
        return f"{'would fail' if dry_run else 'failed'}: {result.problem.detail}"
    assert result.effect
    verb = f"would be {PAST_TENSE[action]}" if dry_run else PAST_TENSE[action]
    then = "".join(f", then {task}" for task in result.effect.tasks)
    return f"{result.incident.step} {verb}: {result.effect.state}{then}"
