"""Rename tables, columns, indexes, constraints, policies and functions to the field's words.

Only the permissions of API keys are rewritten; the rest takes no time at any size.

Sagas and messages of the previous release refer to the old names: it needs a stop.
"""

import sqlalchemy as sa
from alembic import op

from migrations import stop

revision = "20261129_plain_names"
down_revision = "20261129_inbox_of_users"
branch_labels = None
depends_on = None

TABLES = {
    "attempts": "attempt_counters",
    "decoys": "timing_decoys",
    "links": "one_time_links",
    "logins": "sessions",
}

# By the table's new name.
COLUMNS = {
    "alerts": {"told_at": "delivered_at", "closing_told_at": "closing_delivered_at", "tell_at": "next_delivery_at"},
    "api_keys": {"made_by": "created_by", "used_at": "last_used_at"},
    "attempt_counters": {"next_at": "next_allowed_at", "times": "recent_uses"},
    "inbox": {"heard_at": "processed_at"},
    "refresh_tokens": {"login_id": "session_id"},
    "sessions": {
        "acts_for": "active_company_id",
        "address": "ip_address",
        "began_at": "started_at",
        "lapses_at": "expires_at",
        "used_at": "last_used_at",
    },
    "super_admin_requests": {"acted_for": "target_company_id", "asked_at": "requested_at"},
    "users": {"chosen_company_id": "default_company_id"},
}
CONSTRAINTS = {
    "api_keys": {"api_keys_made_by_fkey": "api_keys_created_by_fkey"},
    "attempt_counters": {"attempts_pkey": "attempt_counters_pkey"},
    "one_time_links": {
        "links_pkey": "one_time_links_pkey",
        "links_purpose_check": "one_time_links_purpose_check",
        "links_user_id_fkey": "one_time_links_user_id_fkey",
    },
    "refresh_tokens": {"refresh_tokens_login_id_fkey": "refresh_tokens_session_id_fkey"},
    "sessions": {
        "logins_acts_for_fkey": "sessions_active_company_id_fkey",
        "logins_pkey": "sessions_pkey",
        "logins_user_id_fkey": "sessions_user_id_fkey",
    },
    "super_admin_requests": {"super_admin_requests_acted_for_fkey": "super_admin_requests_target_company_id_fkey"},
    "timing_decoys": {"decoys_pkey": "timing_decoys_pkey"},
    "users": {"users_chosen_company_id_fkey": "users_default_company_id_fkey"},
}
INDEXES = {
    "alerts_closing_told_at_idx": "alerts_closing_delivered_at_idx",
    "alerts_untold_idx": "alerts_undelivered_idx",
    "attempts_over_idx": "attempt_counters_end_idx",
    "decoys_created_at_idx": "timing_decoys_created_at_idx",
    "links_expires_at_idx": "one_time_links_expires_at_idx",
    "links_user_id_idx": "one_time_links_user_id_idx",
    "logins_over_idx": "sessions_end_idx",
    "logins_user_id_idx": "sessions_user_id_idx",
    "refresh_tokens_login_id_idx": "refresh_tokens_session_id_idx",
    "super_admin_requests_acted_for_id_idx": "super_admin_requests_target_company_id_id_idx",
}
POLICIES = {
    "addresses": {"erased": "erasure"},
    "alerts": {"counted": "metrics"},
    "api_keys": {"presented": "by_token"},
    "attempt_counters": {"counted": "by_key"},
    "incidents": {"counted": "metrics"},
    "invitations": {"erased": "erasure", "presented": "by_token"},
    "mails": {"erased": "erasure", "erased_invitation": "invitation_erasure"},
    "memberships": {"erased": "erasure"},
    "one_time_links": {"erased": "erasure", "presented": "by_token"},
    "orders": {"erased": "erasure"},
    "outbox": {"counted": "metrics"},
    "refresh_tokens": {"presented": "by_token"},
    "saga_definitions": {"recorded": "definer"},
    "sagas": {"counted": "metrics"},
    "sessions": {"erased": "erasure"},
    "shops": {"visited": "by_id"},
    "timing_decoys": {"asked": "anyone"},
    "users": {"erased": "erasure"},
}

FUNCTIONS = {"forget_invitations": "delete_invitations_to", "open_sagas": "lock_sagas"}
# A result column is renamed, which needs a new function: `migrate` creates `database_metrics()`. A downgrade creates this
# placeholder; `migrate` of the release before replaces it.
PLACEHOLDER_OF_RELEASE_BEFORE = """
    CREATE FUNCTION vital_signs() RETURNS TABLE (sign text, label text, value double precision)
    LANGUAGE sql AS $$ SELECT '', '', 0::float WHERE false $$"""

PERMISSIONS = {
    "read_history": "read_company_history",
    "read_keys": "read_api_keys",
    "settle_incidents": "resolve_incidents",
    "visit_shops": "view_shops",
}
"""Renamed permissions that API keys can have: the old name and the new one."""

ATTEMPT_KEY = "key = decode(nullif(current_setting('orderx.{}', true), ''), 'hex')"


def upgrade() -> None:
    stop.require()
    for old, new in TABLES.items():
        op.rename_table(old, new)
    for table, columns in COLUMNS.items():
        for old, new in columns.items():
            op.execute(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")
    for table, constraints in CONSTRAINTS.items():
        for old, new in constraints.items():
            op.execute(f"ALTER TABLE {table} RENAME CONSTRAINT {old} TO {new}")
    for old, new in INDEXES.items():
        op.execute(f"ALTER INDEX {old} RENAME TO {new}")
    for table, policies in POLICIES.items():
        for old, new in policies.items():
            op.execute(f"ALTER POLICY {old} ON {table} RENAME TO {new}")
    op.execute(f"ALTER POLICY by_key ON attempt_counters USING ({ATTEMPT_KEY.format('attempt_key')})")
    op.execute("ALTER TABLE orders RENAME CONSTRAINT counted TO orders_count_order")
    op.execute("ALTER TRIGGER counted ON orders RENAME TO count_order")
    for old, new in FUNCTIONS.items():
        op.execute(f"ALTER FUNCTION {old} RENAME TO {new}")
    op.execute("DROP FUNCTION vital_signs()")
    _rename_permissions(PERMISSIONS)


def downgrade() -> None:
    stop.require()
    _rename_permissions({new: old for old, new in PERMISSIONS.items()})
    op.execute("DROP FUNCTION IF EXISTS database_metrics()")
    op.execute(PLACEHOLDER_OF_RELEASE_BEFORE)
    for new, old in FUNCTIONS.items():
        op.execute(f"ALTER FUNCTION {old} RENAME TO {new}")
    op.execute("ALTER TRIGGER count_order ON orders RENAME TO counted")
    op.execute("ALTER TABLE orders RENAME CONSTRAINT orders_count_order TO counted")
    op.execute(f"ALTER POLICY by_key ON attempt_counters USING ({ATTEMPT_KEY.format('attempts')})")
    for table, policies in POLICIES.items():
        for new, old in policies.items():
            op.execute(f"ALTER POLICY {old} ON {table} RENAME TO {new}")
    for new, old in INDEXES.items():
        op.execute(f"ALTER INDEX {old} RENAME TO {new}")
    for table, constraints in CONSTRAINTS.items():
        for new, old in constraints.items():
            op.execute(f"ALTER TABLE {table} RENAME CONSTRAINT {old} TO {new}")
    for table, columns in COLUMNS.items():
        for new, old in columns.items():
            op.execute(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")
    for new, old in TABLES.items():
        op.rename_table(old, new)


def _rename_permissions(renamed: dict[str, str]) -> None:
    # Row-level security is forced on the owner, too, unless a superuser.
    op.execute("ALTER TABLE api_keys NO FORCE ROW LEVEL SECURITY")
    for old, new in renamed.items():
        op.execute(
            sa.text(
                "UPDATE api_keys SET permissions = array_replace(permissions, :old, :new) WHERE :old = ANY(permissions)"
            ).bindparams(old=old, new=new)
        )
    op.execute("ALTER TABLE api_keys FORCE ROW LEVEL SECURITY")
