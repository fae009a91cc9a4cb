"""`orderx account`: what an operator does to a user's account when the user cannot."""
# ruff: noqa: PLC0415 - each command imports what it needs when it runs, so that `--help` is quick

from typing import Annotated

import typer

from ops.commands.output import Json, print_json
from ops.commands.reasons import By, Reason

app = typer.Typer(help="Help users who are locked out of their accounts.", no_args_is_help=True)


@app.command("remove-second-factor")
def remove_second_factor(
    email: Annotated[str, typer.Argument(help="The user's mail address.")], *, reason: Reason, by: By,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Let a user who has lost app and recovery codes log in by password alone; a mail tells them."""
    from api.identity import letters
    from domain.audit import operations as audit
    from domain.identity import queries, second_factor
    from domain.identity.errors import SecondFactorOff
    from kit import clock, db, tenancy
    from kit.tenancy import Tenant

    with db.transaction(Tenant()):
        user = queries.the_user_at(email=email.lower())
        db.run(tenancy.SET_TENANT, tenancy.as_params(Tenant(user_id=user.id)))
        if second_factor.recovery_codes_left(user_id=user.id) is None:
            raise SecondFactorOff
        second_factor.switch_off(user_id=user.id)
        audit.record_operator_action(user_id=user.id, action="remove_second_factor", reason=reason, operator=by)
        letters.write("second_factor_removed", user, now=clock.now())
    if as_json:
        print_json({"user_id": str(user.id), "action": "remove_second_factor", "reason": reason, "by": by})
    else:
        print(f"{user.email} logs in by password alone now; recorded in operator_actions, and mailed.")
