"""Kept events: an append-only table, partitioned by day, whose owner has no login and owns nothing else.

Partitions are in a separate schema, on which no other role has a privilege: their rows are reached through the table
only, and so through its row-level security.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from kit.db.engines import psycopg_connection
from migrations import functions

revision = "20261129_kept_events"
down_revision = "20261129_version_alerts"
branch_labels = None
depends_on = None

OWNER = "orderx_events_owner"
COMPANY = "company_id = nullif(current_setting('orderx.company_id', true), '')::uuid"
A_PERSON = """(nullif(current_setting('orderx.user_id', true), '') IS NOT NULL
    OR nullif(current_setting('orderx.email', true), '') IS NOT NULL)"""


def upgrade() -> None:
    op.execute(f"""
        DO $$ BEGIN
            CREATE ROLE {OWNER} NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END $$""")
    op.create_table(
        "events",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("subject", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=True),
        sa.Column("context", postgresql.JSONB(), nullable=True),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("events_pkey")),
        postgresql_partition_by="RANGE (id)",
    )
    op.execute("ALTER TABLE events ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY company ON events TO orderx_app USING ({COMPANY}) WITH CHECK ({COMPANY})")
    op.execute(
        f"CREATE POLICY global ON events FOR INSERT TO orderx_app WITH CHECK (company_id IS NULL AND {A_PERSON})"
    )
    op.execute("CREATE POLICY operator ON events TO orderx_operator USING (true) WITH CHECK (true)")
    op.execute("GRANT SELECT, INSERT ON events TO orderx_app")
    op.execute("GRANT SELECT, INSERT ON events TO orderx_operator")
    op.execute("CREATE SCHEMA event_partitions")
    op.execute("CREATE TABLE event_partitions.other PARTITION OF events DEFAULT")
    op.execute(f"GRANT USAGE ON SCHEMA public TO {OWNER}")
    functions.replace(psycopg_connection(op.get_bind()), "rotate_event_partitions")
    op.execute("SELECT rotate_event_partitions()")


def downgrade() -> None:
    op.execute("DROP FUNCTION rotate_event_partitions()")
    op.drop_table("events")
    op.execute("DROP SCHEMA event_partitions")
    op.execute(f"REVOKE USAGE ON SCHEMA public FROM {OWNER}")
    # The role belongs to the server, and other databases may use it: it stays.
