"""Every event has a plain name, one sentence that says what happened, and a payload without personal data."""

import dataclasses
import re
from typing import Literal, get_args, get_origin, get_type_hints
from uuid import UUID

import pytest

from saga.reactions.event_catalogue import catalogue
from tests.guards.source_tree import ROOT, sources

ENTRIES = list(catalogue().values())
WITHOUT_COMPANY = {"user", "auth"}
TEXTS = {
    "action", "changed", "error", "outcome", "permissions", "plan", "previous_plan", "reason", "role", "saga", "status",
    "step",  # our own codes and names
    "currency", "sku",  # a product's number, and ISO 4217
}  # fmt: skip
"""The fields of payloads that may have a text. Others have ids, numbers, times and the values of a Literal."""
NAMES = {"product", "shop"}
"""The groups whose payloads may have a `name`: it is no person's."""


def fields(payload):
    """(name, type) of the fields of a payload and of the dataclasses in it."""
    for name, annotation in get_type_hints(payload, include_extras=True).items():
        yield name, annotation
        for part in (annotation, *get_args(annotation)):
            if dataclasses.is_dataclass(part):
                yield from fields(part)


def has_text(annotation):
    """Whether the field may have any text; its name says which."""
    return annotation is str or any(map(has_text, () if get_origin(annotation) is Literal else get_args(annotation)))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.event.name)
class TestEvents:
    def test_are_named_by_what_they_are_about_and_what_happened(self, entry):
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*", entry.event.name)

    def test_are_described_in_one_or_two_sentences(self, entry):
        assert re.fullmatch(r"[A-Z][^\n]{10,180}\.", entry.event.summary)

    def test_have_a_frozen_payload_that_says_what_it_is(self, entry):
        assert entry.event.payload.__dataclass_params__.frozen
        assert (entry.event.payload.__doc__ or "").endswith((".", "…"))

    def test_belong_to_a_company_unless_they_are_about_users(self, entry):
        assert entry.event.of_company == (entry.event.group not in WITHOUT_COMPANY)

    def test_have_codes_and_ids_and_no_personal_data(self, entry):
        texts = {name for name, annotation in fields(entry.event.payload) if has_text(annotation)}
        assert texts - TEXTS - ({"name"} if entry.event.group in NAMES else set()) == set()


def test_a_text_in_a_payload_is_found():
    assert all(map(has_text, (str, str | None, list[str], dict[str, int])))
    assert not any(map(has_text, (UUID, int | None, Literal["a", "b"])))


def test_every_declared_event_has_a_test_that_expects_it():
    texts = [
        path.read_text()
        for part in ("api", "domain", "saga", "ops", "workers")
        for path in (ROOT / "tests" / part).rglob("*.py")
    ]
    tested = {name for text in texts for name in re.findall(r'"([a-z_]+\.[a-z_]+)"', text)}
    assert [name for name in catalogue() if name not in tested] == []


def test_events_are_published_by_their_declaration_only():
    strays = [path for path in sources() if "outbox.publish(" in path.read_text()]
    assert [str(path.relative_to(ROOT)) for path in strays] == ["kit/messaging/events.py"]
