"""Invitations to a role, of whose links only hashes are stored, and their erasure."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

COMPANY = "company_id = nullif(current_setting('orderx.company_id', true), '')::uuid"
PRESENTED = "decode(nullif(current_setting('orderx.token', true), ''), 'hex')"
USER = "nullif(current_setting('orderx.user_id', true), '')::uuid"
OWN_EMAIL = f"(SELECT email FROM users WHERE id = {USER})"  # noqa: S608 - as below

# An invitation belongs to the company, but the address in it is personal data. As with erase_person, the schema's owner
# may be subject to row-level security: hence the policies.
FORGET = f"""
    CREATE FUNCTION forget_invitations(the_user uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    BEGIN
        IF the_user IS DISTINCT FROM {USER} THEN
            RAISE insufficient_privilege USING MESSAGE = 'users erase themselves, and nobody else';
        END IF;
        DELETE FROM invitations WHERE email = {OWN_EMAIL};
        DELETE FROM mails WHERE template = 'invitation' AND recipient = {OWN_EMAIL};
    END $$"""  # noqa: S608 - no input, only our own names


def upgrade() -> None:
    op.create_table(
        "invitations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("shop_id", sa.Uuid(), nullable=True),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("invited_by", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name=op.f("invitations_company_id_fkey")),
        sa.ForeignKeyConstraint(
            ["company_id", "shop_id"], ["shops.company_id", "shops.id"],
            name=op.f("invitations_company_id_shop_id_fkey"),
        ),
        sa.ForeignKeyConstraint(
            ["invited_by"], ["users.id"], name=op.f("invitations_invited_by_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("invitations_pkey")),
        sa.UniqueConstraint("hash", name=op.f("invitations_hash_key")),
    )  # fmt: skip
    op.create_index(op.f("invitations_company_id_id_idx"), "invitations", ["company_id", "id"], unique=False)
    op.create_index(op.f("invitations_email_idx"), "invitations", ["email"], unique=False)
    op.execute("ALTER TABLE invitations ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY company ON invitations TO orderx_app USING ({COMPANY}) WITH CHECK ({COMPANY})")
    op.execute(f"CREATE POLICY presented ON invitations FOR SELECT TO orderx_app USING (hash = {PRESENTED})")
    op.execute("GRANT SELECT, INSERT, UPDATE (accepted_at), DELETE ON invitations TO orderx_app")
    op.execute(f"CREATE POLICY erased ON invitations TO CURRENT_USER USING (email = {OWN_EMAIL})")
    mailed = f"template = 'invitation' AND recipient = {OWN_EMAIL}"
    op.execute(f"CREATE POLICY erased_invitation ON mails TO CURRENT_USER USING ({mailed})")
    op.execute(FORGET)
    op.execute("REVOKE EXECUTE ON FUNCTION forget_invitations(uuid) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION forget_invitations(uuid) TO orderx_app")


def downgrade() -> None:
    op.execute("DROP FUNCTION forget_invitations(uuid)")
    op.execute("DROP POLICY erased_invitation ON mails")
    op.drop_table("invitations")
