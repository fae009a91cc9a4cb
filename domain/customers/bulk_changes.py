"""Creating and updating many customers in a constant number of statements."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.customers.events import CUSTOMER_CREATED, CUSTOMER_UPDATED, CustomerUpdated, CustomerVersion
from kit import db
from kit.ids import new_id
from kit.messaging import events

FIELDS = ("email", "name", "phone", "locale", "vat_id", "tax_exempt", "tags", "note", "accepts_marketing")
DEFAULTS: dict[str, Any] = {
    **dict.fromkeys(FIELDS), "name": "", "tax_exempt": False, "tags": [], "note": "", "accepts_marketing": False,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """A guest to create. `values` has FIELDS, and the ids of `groups`."""

    values: Mapping[str, Any]
    id: UUID = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class UpdatedCustomer:
    """A customer, and those of its fields that change; `groups` are ids."""

    customer: Mapping[str, Any]
    changed: Mapping[str, Any]


Decision = NewCustomer | UpdatedCustomer


class ExistingCustomers:
    """The customers that rows of a file may be about, and the company's groups by name."""

    def __init__(self, customers: Sequence[Mapping[str, Any]], groups: Mapping[str, UUID]) -> None:
        self.groups = groups
        self._by_id = {customer["id"]: customer for customer in customers}
        self._guests = {each["email"]: each for each in customers if each["user_id"] is None and each["email"]}
        self._users: dict[str, list[Mapping[str, Any]]] = {}
        for each in customers:
            if each["user_id"] is not None and each["email"]:
                self._users.setdefault(each["email"], []).append(each)
        self.taken_emails = set(self._guests)
        """Email addresses of guests, with those that rows before have given."""
        self._lines: dict[UUID, int] = {}

    def find(self, values: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, str | None]:
        """The customer that a row is about, None for a new one; or what is wrong with the row."""
        if values.get("id"):
            customer = self._by_id.get(values["id"])
            return customer, None if customer else "You have no customer with this id. Leave it empty for a new one."
        email = values["email"]
        if email in self._guests:
            return self._guests[email], None
        users = self._users.get(email, [])
        if len(users) > 1:
            return None, "Several customers have this email address: fill in the id."
        return (users[0] if users else None), None

    def claim(self, customer_id: UUID, line: int) -> int | None:
        """Remember the line of the customer; returns the line that was about the same one before."""
        first = self._lines.setdefault(customer_id, line)
        return None if first == line else first


SELECTED = f"""id, user_id, version, {", ".join(FIELDS)}, ARRAY(
        SELECT g.name FROM customer_group_members AS m JOIN customer_groups AS g ON g.id = m.group_id
        WHERE m.customer_id = customers.id ORDER BY g.name COLLATE "C")"""  # noqa: S608 - the names are constants
"""The columns of a customer in SQL, as COLUMNS names them; `groups` are names."""
COLUMNS = ("id", "user_id", "version", *FIELDS, "groups")

# In the order of ids, so that two transactions do not deadlock.
_FIND_CUSTOMERS = f"""
    SELECT {SELECTED} FROM customers
    WHERE company_id = %(company)s AND (id = ANY(%(ids)s) OR email = ANY(%(emails)s))
    ORDER BY id"""  # noqa: S608 - see above
_FIND_GROUPS = "SELECT name, id FROM customer_groups WHERE company_id = %(company)s AND name = ANY(%(names)s)"

_TYPES = """id uuid, email text, name text, phone text, locale text, vat_id text, tax_exempt boolean, tags text[],
    note text, accepts_marketing boolean, decided boolean"""
_INSERT_CUSTOMERS = f"""
    INSERT INTO customers (id, company_id, marketing_decided_at, {", ".join(FIELDS)})
    SELECT id, %(company)s, CASE WHEN decided THEN %(now)s::timestamptz END, {", ".join(FIELDS)}
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS row ({_TYPES}) ORDER BY email
    ON CONFLICT (company_id, email) WHERE user_id IS NULL DO NOTHING RETURNING id"""  # noqa: S608 - see above
_UPDATE_CUSTOMERS = f"""
    UPDATE customers SET {", ".join(f"{name} = row.{name}" for name in FIELDS)}, version = version + 1,
        marketing_decided_at = CASE WHEN row.decided THEN %(now)s ELSE marketing_decided_at END
    FROM jsonb_to_recordset(%(rows)s::jsonb) AS row ({_TYPES}) WHERE customers.id = row.id"""  # noqa: S608 - see above
_DELETE_MEMBERS = "DELETE FROM customer_group_members WHERE customer_id = ANY(%(customers)s)"
_INSERT_MEMBERS = """
    INSERT INTO customer_group_members (group_id, customer_id, company_id)
    SELECT group_id, customer_id, %(company)s
    FROM unnest(%(groups)s::uuid[], %(customers)s::uuid[]) AS member (group_id, customer_id)"""


def find(
    *, company_id: UUID, ids: Collection[UUID], emails: Collection[str], group_names: Collection[str], lock: bool
) -> ExistingCustomers:
    """Read the customers with these ids or emails, and lock them if they are going to be written."""
    values = {"company": company_id, "ids": list(ids), "emails": list(emails)}
    rows = db.run(f"{_FIND_CUSTOMERS} FOR UPDATE" if lock else _FIND_CUSTOMERS, values).fetchall()
    names = {"company": company_id, "names": list(group_names)}
    groups = dict(db.run(_FIND_GROUPS, names).fetchall()) if group_names else {}
    return ExistingCustomers([dict(zip(COLUMNS, row, strict=True)) for row in rows], groups)


def write(decisions: Sequence[Any], *, company_id: UUID, now: datetime) -> set[UUID]:
    """Create and update the customers of the decisions; what else is among them is left out.

    Returns the ids of those that were not created, because a guest with the same email was created meanwhile.
    """
    new = [each for each in decisions if isinstance(each, NewCustomer)]
    updated = [each for each in decisions if isinstance(each, UpdatedCustomer) and each.changed]
    lost = _create(new, company_id, now)
    _update(updated, company_id, now)
    groups = {each.id: each.values["groups"] for each in new if "groups" in each.values and each.id not in lost}
    groups |= {each.customer["id"]: each.changed["groups"] for each in updated if "groups" in each.changed}
    _set_groups(groups, company_id)
    return lost


def _create(new: Sequence[NewCustomer], company_id: UUID, now: datetime) -> set[UUID]:
    if not new:
        return set()
    rows = [_row(each.id, {**DEFAULTS, **each.values}, each.values) for each in new]
    values = {"company": company_id, "now": now, "rows": db.as_json(rows)}
    created = {customer_id for (customer_id,) in db.run(_INSERT_CUSTOMERS, values)}
    for each in new:
        if each.id in created:
            payload = CustomerVersion(each.id, 1)
            events.publish(CUSTOMER_CREATED, payload, subject=each.id, company_id=company_id, sequence=1)
    return {each.id for each in new} - created


def _update(updated: Sequence[UpdatedCustomer], company_id: UUID, now: datetime) -> None:
    if not updated:
        return
    rows = [_row(each.customer["id"], {**each.customer, **each.changed}, each.changed) for each in updated]
    db.run(_UPDATE_CUSTOMERS, {"now": now, "rows": db.as_json(rows)})
    for each in updated:
        customer_id, version = each.customer["id"], each.customer["version"] + 1
        names = sorted("group_ids" if name == "groups" else name for name in each.changed)
        payload = CustomerUpdated(customer_id, version, names)
        events.publish(CUSTOMER_UPDATED, payload, subject=customer_id, company_id=company_id, sequence=version)


def _row(customer_id: UUID, values: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": customer_id, **{name: values[name] for name in FIELDS}, "decided": "accepts_marketing" in given}


def _set_groups(groups: Mapping[UUID, Sequence[UUID]], company_id: UUID) -> None:
    if not groups:
        return
    db.run(_DELETE_MEMBERS, {"customers": list(groups)})
    pairs = [(group, customer) for customer, wanted in groups.items() for group in wanted]
    if pairs:
        group_ids, customer_ids = map(list, zip(*pairs, strict=True))
        db.run(_INSERT_MEMBERS, {"company": company_id, "groups": group_ids, "customers": customer_ids})
