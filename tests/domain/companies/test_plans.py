"""The effective plan of a company, and its remaining limits."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.companies import limits
from domain.companies.errors import PlanLimitReached
from domain.companies.plans import LIMITS, PLANS, SELECTABLE_PLANS, Plan, effective_plan

ENDS = datetime(2026, 12, 27, 12, tzinfo=UTC)
allowances = st.none() | st.integers(0, 20)


class TestPlanInForce:
    @given(st.timedeltas(timedelta(days=-40), timedelta(days=40)))
    def test_is_the_trial_until_it_ends_and_then_the_free_plan(self, since):
        found = effective_plan("trial", trial_ends_at=ENDS, now=ENDS + since)
        assert found.name == ("free" if since >= timedelta(0) else "trial")

    @pytest.mark.parametrize("name", SELECTABLE_PLANS)
    def test_is_the_one_that_was_chosen(self, name):
        assert effective_plan(name, trial_ends_at=None, now=ENDS).name == name

    def test_allows_more_with_every_larger_plan(self):
        for limit in (*LIMITS, "requests_per_minute"):
            allowed = [getattr(PLANS[name], limit) for name in SELECTABLE_PLANS]
            assert allowed == sorted(allowed, key=lambda most: float("inf") if most is None else most)


class TestRequireOrderCapacity:
    @given(allowances, st.integers(1, 40))
    def test_allows_as_many_orders_as_the_plan(self, allowed, wanted):
        plan, placed = Plan("free", 1, 1, allowed, 1), 0
        for _ in range(wanted):
            try:
                limits.require_order_capacity(plan, company="Paper & Sons", placed=placed)
            except PlanLimitReached:
                break
            placed += 1
        assert placed == (wanted if allowed is None else min(allowed, wanted))
