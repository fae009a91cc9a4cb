"""`orderx saga rehearse` and `draw`: show what a saga would do, from its definition."""
# ruff: noqa: PLC0415 - each command imports its modules when it runs, so that `--help` is fast

from typing import TYPE_CHECKING, Annotated

import typer

from ops.commands.output import Json, console, print_json

if TYPE_CHECKING:
    from saga.engine.definition import Saga
    from saga.engine.rehearse import Rehearsal

app = typer.Typer()

Name = Annotated[str, typer.Argument(help="The saga's name, such as place_order.")]


@app.command("rehearse")
def rehearse_saga(
    name: Name,
    *,
    failing: Annotated[str | None, typer.Option(help="The step that fails; default: none.")] = None,
    expiring: Annotated[str | None, typer.Option(help="The signal whose wait expires; default: none.")] = None,
    during: Annotated[
        str | None, typer.Option(help="An open saga, about the same order, that the saga meets when it is to start.")
    ] = None,
    at: Annotated[str | None, typer.Option(help="With --during: the step or signal that the open saga is at.")] = None,
    as_json: Json = False,
) -> None:
    """Print the steps and undos of a saga, without running it, for example when a step fails or a wait expires.

    With --during and --at, print what happens when the saga is to start while another one is open.
    """
    from saga.engine.rehearse import rehearse

    saga = _declared(name)
    if during or at:
        if failing or expiring or not (during and at):
            raise typer.BadParameter("give --during and --at together, without --failing and --expiring")
        _rehearse_command(saga, _declared(during), at, as_json=as_json)
        return
    if failing is not None and failing not in saga.steps:
        raise typer.BadParameter(
            f"{name} has no step {failing}; it has {', '.join(saga.steps)}", param_hint="'--failing'"
        )
    if expiring is not None and expiring not in saga.waits:
        raise typer.BadParameter(
            f"{name} has no wait for {expiring}; it has {', '.join(saga.waits) or 'none'}", param_hint="'--expiring'"
        )
    rehearsal = rehearse(
        saga,
        failing=saga.steps[failing] if failing else None,
        expiring=saga.waits[expiring].signal if expiring else None,
    )
    if as_json:
        print_json(_as_json(rehearsal))
        return
    _print(rehearsal)


def _rehearse_command(saga: "Saga", open_saga: "Saga", at: str, *, as_json: bool) -> None:
    from saga.engine.rehearse_command import rehearse_command
    from saga.rules.conflicts import RULES

    places = [*open_saga.steps, *open_saga.waits]
    if at not in places:
        raise typer.BadParameter(f"{open_saga.name} has no step and no wait {at}; it has {', '.join(places)}")
    rehearsal = rehearse_command(saga, open_saga, RULES, at=at)
    if as_json:
        open_as_json = _as_json(rehearsal.open_saga)
        print_json({"rule": rehearsal.rule, "command": rehearsal.command, "open_saga": open_as_json})
        return
    console.print(f"{saga.name} {rehearsal.command} ({rehearsal.rule or 'the outcome is decided'})", highlight=False)
    console.print(f"{open_saga.name}:", highlight=False)
    _print(rehearsal.open_saga)


def _as_json(rehearsal: "Rehearsal") -> dict[str, object]:
    return {"done": rehearsal.done, "undone": rehearsal.undone, "ending": rehearsal.ending}


def _print(rehearsal: "Rehearsal") -> None:
    console.print(f"done    {', '.join(rehearsal.done) or '-'}", highlight=False)
    console.print(f"undone  {', '.join(rehearsal.undone) or '-'}", highlight=False)
    console.print(f"ending  {rehearsal.ending}", highlight=False)


@app.command("draw")
def draw_saga(name: Name) -> None:
    """Print a saga as a Mermaid flowchart."""
    from saga.engine.draw import draw

    print(draw(_declared(name)))


def _declared(name: str) -> "Saga":
    from saga.registry import SAGAS

    newest = {saga.name: saga for saga in sorted(SAGAS, key=lambda saga: saga.version)}
    if name not in newest:
        raise typer.BadParameter(f"no saga is called '{name}'; there are {', '.join(newest)}", param_hint="'name'")
    return newest[name]
