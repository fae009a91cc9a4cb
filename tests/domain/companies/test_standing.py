"""Suspending companies, deleting them and keeping them after all; and what is on record of it."""

from datetime import timedelta

import pytest

from domain.companies import history, operations, queries, standing
from domain.companies.errors import CompanyChanged, CompanyClosed, CompanySuspended
from kit import clock, db
from kit.ids import new_id
from tests import factories
from tests.factories import acting_for

NOW = clock.now()
SOMEBODY = new_id()


@pytest.fixture
def company(database):
    return factories.make_company()


def done(company, act, **more):
    with db.transaction(acting_for(company)):
        return act(company_id=company.id, **more)


def suspend(company):
    return done(company, standing.suspend, reason="unpaid", by=SOMEBODY, now=NOW)


def request_deletion(company, **more):
    return done(company, standing.request_deletion, by=SOMEBODY, now=NOW, **more)


def close(company):
    request_deletion(company)
    return done(company, standing.close, now=NOW + standing.GRACE)


def on_record(company):
    return [(event.event, event.decided_by, event.detail) for event in done(company, history.events, limit=20)]


class TestStanding:
    @pytest.mark.parametrize(
        ("made", "said"),
        [(None, "active"), (suspend, "suspended"), (request_deletion, "closing"), (close, "closed")],
    )
    def test_is_the_same_to_whoever_asks(self, company, made, said):
        if made:
            made(company)
        assert done(company, queries.the_company).standing == said
        if said == "active":
            done(company, standing.refuse_writes)
        else:
            with pytest.raises(CompanySuspended):
                done(company, standing.refuse_writes)


class TestSuspend:
    def test_lasts_until_it_is_resumed_and_keeps_both_reasons(self, company):
        suspend(company)
        resumed = done(company, standing.resume, reason="paid", by=SOMEBODY)
        assert (resumed.standing, resumed.version) == ("active", 3)
        assert on_record(company)[1:] == [
            ("suspended", SOMEBODY, {"reason": "unpaid"}),
            ("resumed", SOMEBODY, {"reason": "paid"}),
        ]

    def test_keeps_every_reason_and_the_time_of_the_first(self, company):
        first = suspend(company).suspended_at
        again = done(company, standing.suspend, reason="still", by=SOMEBODY, now=NOW + timedelta(days=1))
        assert again.suspended_at == first
        assert [detail for _, _, detail in on_record(company)[1:]] == [{"reason": "unpaid"}, {"reason": "still"}]

    def test_is_not_what_resuming_an_active_one_records(self, company):
        done(company, standing.resume, reason="paid", by=SOMEBODY)
        assert len(on_record(company)) == 1


class TestDeletion:
    def test_is_due_after_the_grace_whoever_asks_again(self, company):
        first = request_deletion(company).deletion_due_at
        assert first == NOW + standing.GRACE
        again = done(company, standing.request_deletion, by=SOMEBODY, now=NOW + timedelta(days=9))
        assert again.deletion_due_at == first

    def test_can_be_taken_back_within_the_grace(self, company):
        request_deletion(company)
        assert done(company, standing.withdraw_deletion, by=SOMEBODY).standing == "active"
        assert not done(company, standing.close, now=NOW + 2 * standing.GRACE)
        assert [event for event, _, _ in on_record(company)[1:]] == ["deletion_requested", "deletion_withdrawn"]

    def test_leaves_a_suspension_where_it_was(self, company):
        suspend(company)
        request_deletion(company)
        assert done(company, standing.withdraw_deletion, by=SOMEBODY).standing == "suspended"

    def test_is_refused_at_another_version_than_was_read(self, company):
        with pytest.raises(CompanyChanged):
            request_deletion(company, expected_versions={2})


class TestClose:
    def test_waits_for_the_grace_to_be_over(self, company):
        request_deletion(company)
        assert not done(company, standing.close, now=NOW + standing.GRACE - timedelta(seconds=1))
        assert done(company, standing.close, now=NOW + standing.GRACE)
        assert not done(company, standing.close, now=NOW + standing.GRACE)

    @pytest.mark.parametrize(
        "act",
        [
            suspend,
            lambda company: done(company, standing.resume, reason="paid", by=SOMEBODY),
            request_deletion,
            lambda company: done(company, standing.withdraw_deletion, by=SOMEBODY),
        ],
    )
    def test_is_for_good(self, company, act):
        close(company)
        with pytest.raises(CompanyClosed):
            act(company)


class TestChange:
    def test_is_refused_at_another_version_than_was_read(self, company):
        assert done(company, operations.change, name="New", expected_versions={1}).version == 2
        with pytest.raises(CompanyChanged):
            done(company, operations.change, name="Newer", expected_versions={1})

    def test_that_changes_nothing_is_no_version(self, company):
        assert done(company, operations.change, name=company.name).version == 1
