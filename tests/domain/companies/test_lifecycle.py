"""Suspending and deleting companies, withdrawing a deletion, and the history of it."""

from datetime import timedelta

import pytest

from domain.companies import company_settings, history, lifecycle, queries
from domain.companies.errors import CompanyChanged, CompanyClosed, CompanySuspended
from kit import clock, db
from kit.ids import new_id
from tests.factories import acting_for

NOW = clock.now()
SOMEBODY = new_id()


def done(company, act, **more):
    with db.transaction(acting_for(company)):
        return act(company_id=company.id, **more)


def suspend(company):
    return done(company, lifecycle.suspend, reason="unpaid", by=SOMEBODY, now=NOW)


def request_deletion(company, **more):
    return done(company, lifecycle.request_deletion, by=SOMEBODY, now=NOW, **more)


def close(company):
    request_deletion(company)
    return done(company, lifecycle.close, now=NOW + lifecycle.DELETION_GRACE_PERIOD)


def on_record(company):
    return [(event.event, event.decided_by, event.detail) for event in done(company, history.decisions, limit=20).data]


class TestLifecycleState:
    @pytest.mark.parametrize(
        ("made", "said"),
        [(None, "active"), (suspend, "suspended"), (request_deletion, "closing"), (close, "closed")],
    )
    def test_is_the_same_in_python_and_sql(self, company, made, said):
        if made:
            made(company)
        assert done(company, queries.the_company).lifecycle_state == said
        if said == "active":
            done(company, lifecycle.require_writable)
        else:
            with pytest.raises(CompanySuspended):
                done(company, lifecycle.require_writable)


class TestSuspend:
    def test_lasts_until_resumed_and_records_both_reasons(self, company):
        suspend(company)
        resumed = done(company, lifecycle.resume, reason="paid", by=SOMEBODY)
        assert (resumed.lifecycle_state, resumed.version) == ("active", 3)
        assert on_record(company)[1:] == [
            ("suspended", SOMEBODY, {"reason": "unpaid"}),
            ("resumed", SOMEBODY, {"reason": "paid"}),
        ]

    def test_records_every_reason_and_keeps_the_first_time(self, company):
        first = suspend(company).suspended_at
        again = done(company, lifecycle.suspend, reason="still", by=SOMEBODY, now=NOW + timedelta(days=1))
        assert again.suspended_at == first
        assert [detail for _, _, detail in on_record(company)[1:]] == [{"reason": "unpaid"}, {"reason": "still"}]

    def test_resuming_an_active_company_records_nothing(self, company):
        done(company, lifecycle.resume, reason="paid", by=SOMEBODY)
        assert len(on_record(company)) == 1


class TestDeletion:
    def test_is_due_after_the_grace_period_even_if_requested_again(self, company):
        first = request_deletion(company).deletion_due_at
        assert first == NOW + lifecycle.DELETION_GRACE_PERIOD
        again = done(company, lifecycle.request_deletion, by=SOMEBODY, now=NOW + timedelta(days=9))
        assert again.deletion_due_at == first

    def test_can_be_withdrawn_within_the_grace_period(self, company):
        request_deletion(company)
        assert done(company, lifecycle.withdraw_deletion, by=SOMEBODY).lifecycle_state == "active"
        assert not done(company, lifecycle.close, now=NOW + 2 * lifecycle.DELETION_GRACE_PERIOD)
        assert [event for event, _, _ in on_record(company)[1:]] == ["deletion_requested", "deletion_withdrawn"]

    def test_does_not_affect_a_suspension(self, company):
        suspend(company)
        request_deletion(company)
        assert done(company, lifecycle.withdraw_deletion, by=SOMEBODY).lifecycle_state == "suspended"

    def test_is_refused_at_another_version_than_was_read(self, company):
        with pytest.raises(CompanyChanged):
            request_deletion(company, expected_versions={2})


class TestClose:
    def test_waits_for_the_end_of_the_grace_period(self, company):
        request_deletion(company)
        assert not done(company, lifecycle.close, now=NOW + lifecycle.DELETION_GRACE_PERIOD - timedelta(seconds=1))
        assert done(company, lifecycle.close, now=NOW + lifecycle.DELETION_GRACE_PERIOD)
        assert not done(company, lifecycle.close, now=NOW + lifecycle.DELETION_GRACE_PERIOD)

    @pytest.mark.parametrize(
        "act",
        [
            suspend,
            lambda company: done(company, lifecycle.resume, reason="paid", by=SOMEBODY),
            request_deletion,
            lambda company: done(company, lifecycle.withdraw_deletion, by=SOMEBODY),
        ],
    )
    def test_is_permanent(self, company, act):
        close(company)
        with pytest.raises(CompanyClosed):
            act(company)


class TestChange:
    def test_is_refused_at_another_version_than_was_read(self, company):
        assert done(company, company_settings.change, name="New", expected_versions={1}).version == 2
        with pytest.raises(CompanyChanged):
            done(company, company_settings.change, name="Newer", expected_versions={1})

    def test_without_changes_keeps_the_version(self, company):
        assert done(company, company_settings.change, name=company.name).version == 1
