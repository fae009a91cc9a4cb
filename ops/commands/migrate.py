"""`orderx migrate`: bring the database to the newest schema."""

from kit.config import settings
from migrations import run
from ops.commands.output import print_json


def migrate(*, as_json: bool) -> None:
    """Migrate, and say whether the database was migrated or belongs to a newer release."""
    require = settings().require
    migrated = run.upgrade(
        owner_url=require("owner_database_url"),
        app_url=require("database_url"),
        operator_url=require("operator_database_url"),
    )
    newest = "The database is at the newest schema."
    newer = "The database was migrated by a newer release: nothing was changed."
    if as_json:
        print_json({"migrated": migrated})
    else:
        print(newest if migrated else newer)
