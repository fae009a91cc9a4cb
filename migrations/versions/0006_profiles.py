"""User profiles, and the erasure of a person's data from rows that are kept."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

USER = "nullif(current_setting('orderx.user_id', true), '')::uuid"

# It may change personal data in orders, companies' mails and the journal, which a customer may not.
# It runs as the schema's owner, who is subject to row-level security unless a superuser: hence the policies.
ERASED = {
    "users": f"id = {USER}",
    "memberships": f"user_id = {USER}",
    "logins": f"user_id = {USER}",
    "links": f"user_id = {USER}",
    "addresses": f"user_id = {USER}",
    "orders": f"customer_id = {USER}",
    "mails": f"user_id = {USER} OR EXISTS (SELECT FROM orders o WHERE o.id = order_id AND o.customer_id = {USER})",
}
ERASE_PERSON = f"""
    CREATE FUNCTION erase_person(the_user uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    DECLARE
        nobody text := 'erased-' || the_user || '@erased.invalid';
    BEGIN
        IF the_user IS DISTINCT FROM {USER} THEN
            RAISE insufficient_privilege USING MESSAGE = 'users erase themselves, and nobody else';
        END IF;
        DELETE FROM mails WHERE user_id = the_user;
        UPDATE mails m SET context = '{{}}', leased_until = NULL,
            status = CASE m.status WHEN 'sent' THEN 'sent' ELSE 'refused' END,
            recipient = CASE m.recipient WHEN o.customer_email THEN nobody ELSE m.recipient END
        FROM orders o WHERE o.id = m.order_id AND o.customer_id = the_user;
        UPDATE orders SET customer_email = nobody, customer_name = '',
            shipping_address = jsonb_build_object('country', shipping_address->'country'), version = version + 1
        WHERE customer_id = the_user;
        DELETE FROM memberships WHERE user_id = the_user;
        DELETE FROM logins WHERE user_id = the_user;
        DELETE FROM links WHERE user_id = the_user;
        DELETE FROM addresses WHERE user_id = the_user;
        UPDATE users SET email = nobody, name = '', password_hash = '', phone = NULL, locale = NULL, time_zone = NULL,
            verified_at = NULL, erased_at = now()
        WHERE id = the_user;
    END $$"""  # noqa: S608 - no input, only our own names


def upgrade() -> None:
    for column in ("phone", "locale", "time_zone"):
        op.add_column("users", sa.Column(column, sa.Text(), nullable=True))
    op.add_column("users", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "addresses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("address", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("addresses_user_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("addresses_pkey")),
    )
    op.create_index(op.f("addresses_user_id_idx"), "addresses", ["user_id"], unique=False)
    op.execute("ALTER TABLE addresses ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY operator ON addresses TO orderx_operator USING (true) WITH CHECK (true)")
    op.execute("GRANT SELECT ON addresses TO orderx_operator")
    op.execute(f"CREATE POLICY own ON addresses TO orderx_app USING (user_id = {USER})")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON addresses TO orderx_app")
    for table, whose in ERASED.items():
        op.execute(f"CREATE POLICY erased ON {table} TO CURRENT_USER USING ({whose})")
    op.execute(ERASE_PERSON)
    op.execute("REVOKE EXECUTE ON FUNCTION erase_person(uuid) FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION erase_person(uuid) TO orderx_app")


def downgrade() -> None:
    op.execute("DROP FUNCTION erase_person(uuid)")
    for table in ERASED:
        op.execute(f"DROP POLICY erased ON {table}")
    op.drop_table("addresses")
    for column in ("erased_at", "time_zone", "locale", "phone"):
        op.drop_column("users", column)
