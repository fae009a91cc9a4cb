"""The sandbox's ledger: an SQLite file that survives crashes."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any

from ops.sandbox.cards import CARDS

SCHEMA = """
CREATE TABLE IF NOT EXISTS payment_methods (
  id TEXT PRIMARY KEY, created INTEGER NOT NULL,
  brand TEXT NOT NULL, last4 TEXT NOT NULL, exp_month INTEGER NOT NULL, exp_year INTEGER NOT NULL,
  behaviour TEXT NOT NULL, fingerprint TEXT
);
CREATE TABLE IF NOT EXISTS payment_intents (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, created INTEGER NOT NULL,
  amount INTEGER NOT NULL, currency TEXT NOT NULL, capture_method TEXT NOT NULL, metadata TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'requires_payment_method', payment_method TEXT, charge TEXT,
  last_payment_error TEXT, canceled_at INTEGER, cancellation_reason TEXT,
  amount_captured INTEGER NOT NULL DEFAULT 0, amount_refunded INTEGER NOT NULL DEFAULT 0,
  CHECK (amount_captured BETWEEN 0 AND amount), CHECK (amount_refunded BETWEEN 0 AND amount_captured)
);
CREATE TABLE IF NOT EXISTS refunds (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, created INTEGER NOT NULL,
  payment_intent TEXT NOT NULL REFERENCES payment_intents (id), amount INTEGER NOT NULL, reason TEXT,
  metadata TEXT NOT NULL DEFAULT '{}'
);
CREATE TABLE IF NOT EXISTS idempotency_keys (
  key TEXT PRIMARY KEY, created INTEGER NOT NULL,
  fingerprint BLOB NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL
);
"""

Row = sqlite3.Row
Transaction = sqlite3.Connection


class Ledger:
    """Opens or creates the ledger at this path. A lock serialises transactions, which take well under a millisecond."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.row_factory = Row
        self._db.execute("PRAGMA journal_mode = WAL")
        # Committed data survives a killed process, but not a power failure; this saves an fsync per call.
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA foreign_keys = ON")
        self._db.executescript(SCHEMA)
        self._add_column("payment_methods", "fingerprint", "TEXT")
        self._add_column("refunds", "metadata", "TEXT NOT NULL DEFAULT '{}'")
        self._add_test_tokens()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """An exclusive transaction; committed at the end of the block, rolled back if it raises."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def _add_test_tokens(self) -> None:
        rows = [(c.token, c.brand, c.number[-4:], c.behaviour, c.fingerprint) for c in CARDS]
        with self.transaction() as db:
            db.executemany("INSERT OR REPLACE INTO payment_methods VALUES (?, 0, ?, ?, 12, 2040, ?, ?)", rows)

    def _add_column(self, table: str, column: str, definition: str) -> None:
        """Add a column to ledgers that were created without it."""
        if column not in {row["name"] for row in self._db.execute(f"PRAGMA table_info({table})")}:
            self._db.execute(f"ALTER TABLE {table} ADD COLUMN {column} {definition}")


def insert(db: Transaction, table: str, **values: Any) -> None:
    """Insert a row. The names of table and columns must not come from a request."""
    names, marks = ", ".join(values), ", ".join("?" * len(values))
    db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))  # noqa: S608


def new_id(prefix: str) -> str:
    """A new id in Stripe's format, such as `pi_…` or `pm_…`."""
    return f"{prefix}_{token_hex(12)}"


def now() -> int:
    """Unix time in seconds, Stripe's time format."""
    return int(time.time())
