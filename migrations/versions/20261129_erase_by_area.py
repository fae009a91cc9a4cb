"""Erase a person by a function of each area, instead of one that knows the tables of all areas.

An API process of the previous release calls the functions dropped here. It is stopped before: see 20261129_plain_names.
"""

from alembic import op

revision = "20261129_erase_by_area"
down_revision = "20261129_saga_origins"
branch_labels = None
depends_on = None

OLD = ("erase_person", "delete_invitations_to")
NEW = ("erase_customer", "erase_member", "erase_user", "delete_mails_to")


def upgrade() -> None:
    for name in OLD:
        op.execute(f"DROP FUNCTION IF EXISTS {name}(uuid)")


def downgrade() -> None:
    """Create stubs, which `orderx migrate` of the previous release replaces."""
    for name in NEW:
        op.execute(f"DROP FUNCTION IF EXISTS {name}(uuid)")
    for name in OLD:
        op.execute(f"""
            CREATE FUNCTION {name}(the_user uuid) RETURNS void LANGUAGE plpgsql AS $$
            BEGIN
                RAISE feature_not_supported USING MESSAGE = 'run orderx migrate of the release that is to run';
            END $$""")
