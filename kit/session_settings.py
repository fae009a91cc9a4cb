"""How PostgreSQL is set for each session of the app's and the operator's logins."""

SETTINGS = {
    "timezone": "UTC",
    "statement_timeout": "30s",
    # A process that stands still in the middle of a transaction shall not hold its locks for longer.
    "idle_in_transaction_session_timeout": "10s",
    # What runs often is prepared, and is a few rows by key whatever the values: planned once, not each time.
    "plan_cache_mode": "force_generic_plan",
    # Statements go for few rows, by keys or by what is due. A plan that was made and kept while a table was small,
    # empty (as the outbox mostly is) or not yet analysed would read all of it for ever, however large it has become.
    "enable_seqscan": "off",
    # And for such a statement machine code is not worth its making: a tenth of a second, whenever a plan that stops at
    # its LIMIT is thought to be long.
    "jit": "off",
}
"""As `current_setting` tells them."""


def options() -> str:
    """All of them, as libpq takes them for a connection."""
    return " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
