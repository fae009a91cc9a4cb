"""The role of reactions across companies: it may add to the outbox, and use the tables that later migrations grant it."""

from alembic import op

revision = "20261129_across_companies"
down_revision = "20261129_saga_history"
branch_labels = None
depends_on = None

ROLE = "orderx_across_companies"


def upgrade() -> None:
    op.execute(f"""
        DO $$ BEGIN
            CREATE ROLE {ROLE} NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END $$""")
    op.execute(f"""
        DO $$ BEGIN
            IF NOT pg_has_role('orderx_operator', '{ROLE}', 'MEMBER') THEN
                GRANT {ROLE} TO orderx_operator;
            END IF;
        END $$""")
    op.execute(f"GRANT USAGE ON SCHEMA public TO {ROLE}")
    op.execute(f"GRANT INSERT ON outbox TO {ROLE}")
    op.execute(f"CREATE POLICY across_companies ON outbox FOR INSERT TO {ROLE} WITH CHECK (true)")


def downgrade() -> None:
    op.execute("DROP POLICY across_companies ON outbox")
    op.execute(f"REVOKE INSERT ON outbox FROM {ROLE}")
    op.execute(f"REVOKE USAGE ON SCHEMA public FROM {ROLE}")
    # The role belongs to the server, and other databases may use it: it stays.
