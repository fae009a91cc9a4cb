"""The operator role loses privileges that no statement of it needs."""

from alembic import op

revision = "20261129_operator_privileges"
down_revision = "20261129_payment_versions"
branch_labels = None
depends_on = None


# Operators act on sagas through the engine, as the app role; the rows of a saga go by ON DELETE CASCADE.
UNUSED = {
    "INSERT": "saga_events, incidents, queued_sagas",
    "UPDATE": "saga_steps, incidents",
    "DELETE": "saga_steps, incidents, queued_sagas",
}


def upgrade() -> None:
    for privilege, tables in UNUSED.items():
        op.execute(f"REVOKE {privilege} ON {tables} FROM orderx_operator")


def downgrade() -> None:
    for privilege, tables in UNUSED.items():
        op.execute(f"GRANT {privilege} ON {tables} TO orderx_operator")
