"""`orderx account`: changes to a user's account by an operator."""
# ruff: noqa: PLC0415 - each command imports its modules when it runs, so that `--help` is fast

from typing import Annotated

import typer

from ops.commands.audit_options import By, Reason
from ops.commands.output import Json, print_json

app = typer.Typer(help="Help users who are locked out of their accounts.", no_args_is_help=True)


@app.command("remove-second-factor")
def remove_second_factor(
    email: Annotated[str, typer.Argument(help="The user's mail address.")], *, reason: Reason, by: By,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Remove the second factor of a user who has lost app and recovery codes; a mail informs the user."""
    from api.accounts import account_mail
    from domain.accounts import queries, second_factor
    from domain.accounts.errors import SecondFactorNotEnabled
    from domain.audit import operations as audit
    from kit import clock, db, tenancy
    from kit.tenancy import Tenant

    with db.transaction(Tenant()):
        user = queries.the_user_by_email(email=email.lower())
        db.run(tenancy.SET_TENANT, tenancy.as_params(Tenant(user_id=user.id)))
        if second_factor.recovery_codes_remaining(user_id=user.id) is None:
            raise SecondFactorNotEnabled
        second_factor.disable(user_id=user.id)
        audit.record_operator_action(user_id=user.id, action="remove_second_factor", reason=reason, operator=by)
        account_mail.send("second_factor_removed", user, now=clock.now())
    if as_json:
        print_json({"user_id": str(user.id), "action": "remove_second_factor", "reason": reason, "by": by})
    else:
        print(f"{user.email} can now log in with the password alone; recorded in operator_actions, and mailed.")
