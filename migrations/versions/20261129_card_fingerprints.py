"""Say what a payment attempt records: a fingerprint of the card and a hash of the network, neither in clear.

A worker or an API process of the previous release writes the old names: this needs a stop, as 20261129_plain_names does.
"""

from alembic import op

from migrations import stop

revision = "20261129_card_fingerprints"
down_revision = "20261129_event_loop_alerts"
branch_labels = None
depends_on = None

COLUMNS = {"card": "card_fingerprint", "network": "network_hash"}


def upgrade() -> None:
    stop.require()
    for old, new in COLUMNS.items():
        op.alter_column("payment_attempts", old, new_column_name=new)


def downgrade() -> None:
    stop.require()
    for old, new in COLUMNS.items():
        op.alter_column("payment_attempts", new, new_column_name=old)
