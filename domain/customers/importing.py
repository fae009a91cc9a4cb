"""The import of customers: its columns, and what a row of a file does."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.customers import bulk_changes
from domain.customers.bulk_changes import Decision, ExistingCustomers, NewCustomer, UpdatedCustomer
from domain.customers.field_limits import (
    MAX_GROUPS,
    MAX_NAME_LENGTH,
    MAX_NOTE_LENGTH,
    MAX_TAG_LENGTH,
    MAX_TAGS,
    VAT_ID_EXPECTED,
    VAT_ID_FORMAT,
)
from domain.customers.permissions import WRITE_CUSTOMERS
from domain.imports.declarations import ImportKind, Item, Outcome, Problem, Row
from kit import checked_text
from kit.checked_text import MAX_EMAIL_LENGTH, MAX_LANGUAGE_TAG_LENGTH
from kit.tabular import columns
from kit.tabular.columns import Column

MAX_PHONE_LENGTH = 40
TAKEN_MESSAGE = "Another customer without an account has this email address."


def _vat_id(text: str) -> str:
    if not re.fullmatch(VAT_ID_FORMAT, text):
        raise ValueError(VAT_ID_EXPECTED)
    return text


def apply(items: Sequence[Item], *, company_id: UUID, now: datetime, dry_run: bool) -> list[Outcome]:
    """Create and update customers by the rows of a file. A row is about the customer with its id, or else its email.

    Among customers with the same email, it is the guest. The id must exist, and a group that a row names, too.
    """
    rows = [item[0] for item in items]
    existing = bulk_changes.find(
        company_id=company_id,
        ids=[row.values["id"] for row in rows if row.values.get("id")],
        emails=[row.values["email"] for row in rows if row.values.get("email")],
        group_names={name for row in rows for name in row.values.get("groups", ())},
        lock=not dry_run,
    )
    decisions = [_decide(row, existing) for row in rows]
    lost = set() if dry_run else bulk_changes.write(decisions, company_id=company_id, now=now)
    return [_outcome(row, decision, lost) for row, decision in zip(rows, decisions, strict=True)]


def _decide(row: Row, existing: ExistingCustomers) -> Decision | list[Problem]:
    """What to do for a row, or why it cannot be done."""
    customer, problem = existing.find(row.values)
    if problem:
        return [Problem(row.line, "id" if row.values.get("id") else "email", problem)]
    if customer and (other := existing.claim(customer["id"], row.line)):
        return [Problem(row.line, None, f"Line {other} is about the same customer.")]
    changed = _changed(row.values, customer)
    problems = [Problem(row.line, column, message) for column, message in _problems(changed, customer, existing)]
    if problems:
        return problems
    if email := changed.get("email"):
        existing.taken_emails.add(email)
    if "groups" in changed:
        changed["groups"] = [existing.groups[name] for name in changed["groups"]]
    return UpdatedCustomer(customer, changed) if customer else NewCustomer(changed)


def _changed(values: Mapping[str, Any], customer: Mapping[str, Any] | None) -> dict[str, Any]:
    wanted = {name: value for name, value in values.items() if name != "id"}
    if "groups" in wanted:
        wanted["groups"] = sorted(set(wanted["groups"]))
    if customer is None:
        return wanted
    return {name: value for name, value in wanted.items() if value != customer[name]}


def _problems(
    changed: Mapping[str, Any], customer: Mapping[str, Any] | None, existing: ExistingCustomers
) -> list[tuple[str, str]]:
    found = []
    if not changed.get("name", customer is not None):
        found.append(("name", "Fill in the name."))
    is_guest = customer is None or customer["user_id"] is None
    if is_guest and changed.get("email") in existing.taken_emails:
        found.append(("email", TAKEN_MESSAGE))
    unknown = [name for name in changed.get("groups", ()) if name not in existing.groups]
    if unknown:
        found.append(("groups", f"You have no group called {unknown[0]}."))
    return found


def _outcome(row: Row, decision: Decision | list[Problem], lost: set[UUID]) -> Outcome:
    match decision:
        case NewCustomer(id=customer_id):
            return [Problem(row.line, "email", TAKEN_MESSAGE)] if customer_id in lost else "created"
        case UpdatedCustomer(changed=changed):
            return "updated" if changed else "unchanged"
    return decision


KIND = ImportKind(
    "customers",
    columns=(
        Column("id", columns.uuid),
        Column("email", columns.text(checked_text.email_address, max_length=MAX_EMAIL_LENGTH)),
        Column("name", columns.text(checked_text.name, max_length=MAX_NAME_LENGTH), empty=""),
        Column("phone", columns.text(checked_text.phone_number, max_length=MAX_PHONE_LENGTH)),
        Column("locale", columns.text(checked_text.language, max_length=MAX_LANGUAGE_TAG_LENGTH)),
        Column("vat_id", columns.text(_vat_id, max_length=MAX_NAME_LENGTH)),
        Column("tax_exempt", columns.flag, empty=False),
        Column(
            "tags",
            columns.text_list(checked_text.one_line, max_length=MAX_TAG_LENGTH, max_items=MAX_TAGS),
            empty=[],
        ),
        Column(
            "groups",
            columns.text_list(checked_text.one_line, max_length=MAX_NAME_LENGTH, max_items=MAX_GROUPS),
            empty=[],
        ),
        Column("note", columns.text(checked_text.several_lines, max_length=MAX_NOTE_LENGTH), empty=""),
        Column("accepts_marketing", columns.flag, empty=False),
    ),
    keys=("id", "email"),
    permission=WRITE_CUSTOMERS,
    apply=apply,
)
