"""Whether response times reveal which addresses are registered: the AUC of known against unknown addresses.

    python -m bench.timing_leak --pairs 400

Starts a temporary stack without rate limits. Each address is used once, in random order within a pair. An AUC of 0.5
means that the times reveal nothing; an AUC of 1, that they reveal everything.
"""

import argparse
import os
import random
import statistics
import time
from collections.abc import Sequence

import psycopg
import requests

from domain.accounts import passwords
from kit.ids import new_id
from ops.commands.up import temporary_stack
from ops.stack import Stack

BODIES = {
    "forgot-password": {},
    "register": {"name": "Eve", "password": "the password of a thief"},
    "login": {"password": "a wrong one"},
}
HEADINGS = ("endpoint", "pairs", "known median ms", "unknown median ms", "AUC")


def auc(known: Sequence[float], unknown: Sequence[float]) -> float:
    """How often a known address took longer than an unknown one; equal times count half (Mann and Whitney's U)."""
    won = sum((a > b) + (a == b) / 2 for a in known for b in unknown)
    return won / (len(known) * len(unknown))


def _insert_users(stack: Stack, emails: Sequence[str]) -> None:
    password_hash = passwords.hash_password("correct horse battery")
    rows = [(new_id(), email, password_hash) for email in emails]
    with psycopg.connect(stack.env["ORDERX_OWNER_DATABASE_URL"]) as owner:
        owner.cursor().executemany(
            "INSERT INTO users (id, email, name, password_hash, verified_at) VALUES (%s, %s, 'Ada', %s, now())", rows
        )


def _row(stack: Stack, endpoint: str, pairs: int) -> list[str]:
    known, unknown = ([f"{kind}{number}@{endpoint}.example" for number in range(pairs)] for kind in ("known", "other"))
    _insert_users(stack, known)
    taken: dict[str, list[float]] = {"known": [], "other": []}
    with requests.Session() as session:
        for pair in zip(known, unknown, strict=True):
            for email in random.sample(pair, 2):
                begun = time.perf_counter()
                session.post(f"{stack.api_url}/api/auth/{endpoint}", json={"email": email, **BODIES[endpoint]})
                taken[email[:5]].append(1000 * (time.perf_counter() - begun))
    medians = [f"{statistics.median(times):.1f}" for times in taken.values()]
    return [endpoint, str(pairs), *medians, f"{auc(*taken.values()):.2f}"]


def main() -> None:
    """Measure each endpoint, and print a table."""
    options = argparse.ArgumentParser(prog="python -m bench.timing_leak")
    options.add_argument("--pairs", type=int, default=400)
    chosen = options.parse_args()
    os.environ["ORDERX_RATE_LIMIT_URL"] = ""
    with temporary_stack() as stack:
        print("|", " | ".join(HEADINGS), "|")
        print("|" + "---|" * len(HEADINGS))
        for endpoint in BODIES:
            print("|", " | ".join(_row(stack, endpoint, chosen.pairs)), "|", flush=True)
        print(f"Load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors.")


if __name__ == "__main__":
    main()
