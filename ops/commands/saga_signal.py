"""`orderx saga signal`: an operator sends a saga the signal that it waits for."""
# ruff: noqa: PLC0415 - each command imports its modules when it runs, so that `--help` is fast

import json
from typing import Annotated, Any
from uuid import UUID

import typer

from ops.commands.audit_options import By, Reason
from ops.commands.output import Json, print_json

app = typer.Typer()


def _json_object(text: str) -> str:
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except ValueError as error:
        raise typer.BadParameter(f"it is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise typer.BadParameter("give a JSON object")
    return text


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number in JSON")


@app.command("signal")
def send_signal(
    saga_or_order: Annotated[UUID, typer.Argument(help="The id of the saga, or of its subject, such as an order.")],
    name: Annotated[str, typer.Argument(help="The signal's name, such as payment.confirmed.")],
    *,
    reason: Reason,
    by: By,
    payload: Annotated[str, typer.Option(help="The signal's payload, a JSON object.", callback=_json_object)] = "{}",
    as_json: Json = False,
) -> None:
    """Send a saga the signal that it waits for. Use it when the event has happened and its message was lost."""
    from kit import db
    from saga import registry
    from saga.engine import queries, signals
    from saga.engine.locked_saga import SagaRef
    from saga.engine.versions import is_known

    with db.operator_transaction():
        sagas = queries.by_saga_or_subject_id(saga_or_order)
        known = [each for each in sagas if is_known(each.name, each.version, registry.find)]
        awaiting = [each for each in known if name in registry.find(each.name, each.version).waits]
        saga = (awaiting or known or sagas)[-1]
        ref = SagaRef(saga.id, saga.company_id)
    content: dict[str, Any] = json.loads(payload)
    receipt = signals.signal(ref, registry.find, signal=name, payload=content, by=by, reason=reason)
    if as_json:
        print_json({"saga_id": ref.saga_id, "signal": name, "result": receipt})
    else:
        print(f"{saga_or_order}  {name}: {receipt}")
