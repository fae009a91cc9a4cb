"""The SQL of the migrations from now on, and what squawk finds in it: `python -m tests.guards.migration_sql`."""

import io
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.script import Script, ScriptDirectory

from migrations import run

LAST_UNCHECKED = "20261129_payment_versions"
"""The last migration that was written before squawk read them."""
EXCLUDED = {
    "prefer-bigint-over-int": "counts, positions and versions stay small; ids are UUIDs or bigint",
    "require-statement-timeout": "what may take long holds no lock that others wait for",
    "prefer-robust-stmts": "migrations run in a transaction; online.py has those that do not",
}
_STOP = "it runs only while nothing is under way"
_RUN_AGAIN = "online.add_constraint drops what an interrupted run has left"
EXCEPTIONS: dict[tuple[str, str], str] = {
    ("20261129_order_customers", "adding-foreign-key-constraint"): _STOP,
    ("20261129_order_customers", "ban-drop-constraint"): _STOP,
    ("20261129_order_customers", "renaming-object"): _STOP,
    ("20261129_order_customers", "constraint-missing-not-valid"): _STOP,
    ("20261129_order_customers", "renaming-column"): _STOP,
    ("20261129_order_states", "ban-drop-constraint"): _RUN_AGAIN,
    ("20261129_order_totals", "ban-drop-constraint"): _RUN_AGAIN,
    ("20261129_order_details", "ban-drop-constraint"): _RUN_AGAIN,
    ("20261129_order_numbers", "ban-drop-constraint"): _RUN_AGAIN,
    (
        "20261129_order_numbers",
        "ban-drop-function",
    ): "the trigger that calls it is dropped before, and nobody else does",
    ("20261129_first_variants", "ban-drop-constraint"): "the foreign key is replaced by one to the variants",
    ("20261129_refunds", "ban-drop-constraint"): _RUN_AGAIN,
    ("20261129_several_payments", "ban-drop-constraint"): "the release before makes one payment for each order anyway",
    ("20261129_product_details", "ban-drop-constraint"): _RUN_AGAIN,
    ("20261129_public_shops", "ban-drop-constraint"): _RUN_AGAIN,
    ("20261129_unit_prices", "ban-drop-constraint"): _RUN_AGAIN,
}
"""(revision, rule): the reason why the migration may do it."""
SQUAWK = Path(sys.executable).with_name("squawk")


def scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(run.alembic_config())


def checked_revisions() -> list[Script]:
    """The migrations after LAST_UNCHECKED, newest first."""
    return [
        script for script in scripts().iterate_revisions("head", LAST_UNCHECKED) if script.revision != LAST_UNCHECKED
    ]


def sql_of(script: Script) -> str:
    """The statements of its upgrade, without a database."""
    config = run.alembic_config()
    config.output_buffer = io.StringIO()
    command.upgrade(config, f"{script.down_revision}:{script.revision}", sql=True)
    return config.output_buffer.getvalue()


def findings(statements: dict[str, str]) -> list[str]:
    """What squawk says about these statements, by revision: a line each."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, f"{revision}.sql") for revision in statements]
        for file in files:
            file.write_text(statements[file.stem])
        words = ["--pg-version", "15.0", "--reporter", "json", "--exclude", ",".join(EXCLUDED), *files]
        report = subprocess.run([SQUAWK, *words], capture_output=True, text=True, check=False)
    return [
        f"{Path(each['file']).stem}, line {each['line'] + 1}: {each['rule_name']}: {each['message']}"
        for each in json.loads(report.stdout)
        if (Path(each["file"]).stem, each["rule_name"]) not in EXCEPTIONS
    ]


def main() -> None:
    found = findings({script.revision: sql_of(script) for script in checked_revisions()})
    print("\n".join(found) if found else "The SQL of the migrations locks nobody out.")  # noqa: T201
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
