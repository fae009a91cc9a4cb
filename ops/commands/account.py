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
    from domain.accounts.errors import UserNotFound
    from domain.audit.remove_second_factor import remove_second_factor as remove
    from kit import clock, db
    from kit.tenancy import Tenant

    with db.transaction(Tenant()):
        try:
            user = remove(email=email, reason=reason, operator=by, now=clock.now())
        except UserNotFound:
            raise UserNotFound(f"no user has the mail address '{email}'") from None
    if as_json:
        print_json({"user_id": str(user.id), "action": "remove_second_factor", "reason": reason, "by": by})
    else:
        print(f"{user.email} can now log in with the password alone; recorded in operator_actions, and mailed.")
