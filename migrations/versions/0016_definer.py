"""A role without a login that owns the SECURITY DEFINER functions, with exactly the privileges they use."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

ROLE = "orderx_definer"

# The policies with which the schema's owner, possibly a superuser, ran these functions so far.
POLICIES = (
    *(("counted", table) for table in ("sagas", "incidents", "outbox", "alerts")),
    *(("erased", table) for table in ("users", "memberships", "logins", "links", "addresses", "orders", "mails")),
    ("erased", "invitations"),
    ("erased_invitation", "mails"),
)

RIGHTS = {
    "sagas": "SELECT (state, ended_at)",
    "incidents": "SELECT (step, resolved_at)",
    "outbox": "SELECT (available_at)",
    "alerts": "SELECT (kind, closed_at)",
    "users": """SELECT (id, email), UPDATE (
        email, name, password_hash, phone, locale, time_zone, notifications, chosen_company_id, verified_at,
        erased_at)""",
    "memberships": "SELECT (user_id), DELETE",
    "logins": "SELECT (user_id), DELETE",
    "links": "SELECT (user_id), DELETE",
    "addresses": "SELECT (user_id), DELETE",
    "orders": """SELECT (id, customer_id, customer_email, shipping_address, version), UPDATE (
        customer_email, customer_name, shipping_address, version)""",
    "mails": """SELECT (user_id, order_id, status, recipient, template), DELETE, UPDATE (
        context, leased_until, status, recipient)""",
    "invitations": "SELECT (email), DELETE",
}


def upgrade() -> None:
    op.execute(f"""
        DO $$ BEGIN
            CREATE ROLE {ROLE} NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END $$""")
    op.execute(f"GRANT USAGE ON SCHEMA public TO {ROLE}")
    for policy, table in POLICIES:
        op.execute(f"ALTER POLICY {policy} ON {table} TO {ROLE}")
    for table, rights in RIGHTS.items():
        op.execute(f"GRANT {rights} ON {table} TO {ROLE}")


def downgrade() -> None:
    for function in ("vital_signs()", "erase_person(uuid)", "forget_invitations(uuid)"):
        op.execute(f"ALTER FUNCTION {function} OWNER TO CURRENT_USER")
    for table in RIGHTS:
        op.execute(f"REVOKE ALL ON {table} FROM {ROLE}")
    for policy, table in POLICIES:
        op.execute(f"ALTER POLICY {policy} ON {table} TO CURRENT_USER")
    op.execute(f"REVOKE USAGE ON SCHEMA public FROM {ROLE}")
    # The role belongs to the server, and other databases may use it: it stays.
