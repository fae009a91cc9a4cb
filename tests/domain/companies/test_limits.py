"""Plan limits hold, also under concurrency."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.catalogue import checks as catalogue_checks
from domain.companies import lifecycle, limits
from domain.companies.errors import PlanLimitReached, PlanTooSmall
from domain.companies.plans import PLANS
from domain.shops import checks as shop_checks
from domain.shops import shop_lifecycle as shops
from domain.shops.errors import ShopClosed
from kit import clock, db
from kit.ids import new_id
from kit.tenancy import Tenant
from tests import factories
from tests.factories import acting_for
from tests.waiting import until

AT_ONCE = 6
CHECKS = {"shops": shop_checks.CHECKS, "catalogue": catalogue_checks.CHECKS}
END_TRIALS = "UPDATE companies SET trial_ends_at = now()"
COUNTED = "SELECT coalesce(sum(count), 0) FROM order_counts WHERE company_id = %s"
COUNT_MORE = """
    INSERT INTO order_counts (company_id, month, shard, count)
    SELECT id, date_trunc('month', now() AT TIME ZONE 'UTC' - %s::interval)::date, 99, %s FROM companies"""
COUNT_PRODUCTS = """
    INSERT INTO usage_counts (company_id, shop_id, resource, count)
    SELECT company_id, shop_id, 'products', count(*) FROM products GROUP BY 1, 2"""
WAITS = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


@pytest.fixture
def owner(database):
    """A connection that sees everything."""
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


@pytest.fixture
def small(database):
    """A company on the free plan."""
    return factories.make_company(plan="free")


def all_at_once(make):
    """How many of several attempts at the same time came to something; the others were refused by the plan."""

    def attempt(_):
        try:
            make()
        except PlanLimitReached:
            return False
        return True

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return sum(pool.map(attempt, range(AT_ONCE)))


def sold_by(company):
    product = factories.make_product(factories.make_shop(company))
    factories.put_stock(product, factories.make_warehouse(company), 1000)
    return product


class TestRequireCapacity:
    def test_allows_exactly_the_limit_of_shops_concurrently(self, small):
        assert all_at_once(lambda: factories.make_shop(small)) == PLANS["free"].shops

    def test_allows_exactly_the_limit_of_products_concurrently(self, small, owner):
        shop = factories.make_shop(small)
        owner.execute(
            """INSERT INTO products (id, company_id, shop_id, sku, name, price, currency)
            SELECT gen_random_uuid(), company_id, id, n::text, 'Pen', 1, 'EUR' FROM shops, generate_series(1, %s) n""",
            [PLANS["free"].products - 2],
        )
        owner.execute(COUNT_PRODUCTS)
        assert all_at_once(lambda: factories.make_product(shop)) == 2

    def test_names_the_limit_and_the_usage(self, small):
        factories.make_shop(small)
        with pytest.raises(PlanLimitReached, match="free allows 1 shops"):
            factories.make_shop(small)

    def test_does_not_count_closed_shops_and_their_products(self, small):
        product = factories.make_product(factories.make_shop(small))
        with db.transaction(acting_for(small)):
            shops.close(shop_id=product.shop_id, now=clock.now())
            assert limits.usage(company_id=small.id) == {"shops": 0, "products": 0, "orders_per_month": 0}
        factories.make_shop(small)

    def test_applies_the_free_plan_after_the_trial(self, owner):
        company = factories.make_company()
        factories.make_shop(company)
        factories.make_shop(company)
        owner.execute(END_TRIALS)
        with pytest.raises(PlanLimitReached):
            factories.make_shop(company)


class TestCounts:
    """The rules of `orderx check` about them hold."""

    def violations(self):
        return [row for name in ("shops", "catalogue") for check in CHECKS[name] for row in check.run()]

    def test_equal_the_rows_when_products_are_created_while_their_shop_closes(self, database):
        company = factories.make_company()
        shop = factories.make_shop(company)
        factories.make_product(shop)

        def create(_):
            try:
                factories.make_product(shop)
            except ShopClosed:
                return 0
            return 1

        def close():
            with db.transaction(acting_for(company)):
                shops.close(shop_id=shop.id, now=clock.now())

        with ThreadPoolExecutor(AT_ONCE) as pool:
            created = pool.map(create, range(AT_ONCE))
            pool.submit(close).result()
            list(created)
        assert self.violations() == []
        with db.transaction(acting_for(company)):
            assert limits.usage(company_id=company.id) == {"shops": 0, "products": 0, "orders_per_month": 0}

    def test_are_rolled_back_with_the_rows(self, database):
        company = factories.make_company()
        with pytest.raises(ZeroDivisionError), db.transaction(acting_for(company)):
            shops.open_shop(company_id=company.id, name="Harbour", now=clock.now())
            raise ZeroDivisionError
        assert self.violations() == []

    def test_stay_right_when_a_shop_is_closed_twice(self, database):
        shop, other = (factories.make_shop(factories.make_company()) for _ in range(2))
        factories.make_product(other)
        for _ in range(2):
            with db.transaction(acting_for(shop)):
                shops.close(shop_id=shop.id, now=clock.now())
        assert self.violations() == []


class TestOrders:
    def test_are_counted_when_they_are_committed_and_not_when_they_are_rolled_back(self, small, owner):
        product = sold_by(small)
        factories.make_order(product)
        customer = factories.make_user()
        with pytest.raises(ZeroDivisionError), db.transaction(Tenant(small.id, customer.id)):
            factories.place(product, customer)
            raise ZeroDivisionError
        assert owner.execute(COUNTED, [small.id]).fetchone() == (1,)

    def test_are_all_counted_when_placed_concurrently(self, small, owner):
        product, customers = sold_by(small), [factories.make_user() for _ in range(AT_ONCE)]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for _ in range(3):
                list(pool.map(lambda customer: factories.make_order(product, customer=customer), customers))
        assert owner.execute(COUNTED, [small.id]).fetchone() == (3 * AT_ONCE,)

    def test_are_placed_while_another_is_not_committed_yet(self, small):
        product, customers = sold_by(small), [factories.make_user() for _ in range(2)]
        with db.transaction(Tenant(small.id, customers[0].id)), ThreadPoolExecutor(1) as pool:
            factories.place(product, customers[0])
            pool.submit(factories.make_order, product, customer=customers[1]).result(timeout=20)

    def test_are_refused_beyond_the_monthly_limit(self, small, owner):
        product = sold_by(small)
        owner.execute(COUNT_MORE, ["0", PLANS["free"].orders_per_month - 1])
        factories.make_order(product)
        with pytest.raises(PlanLimitReached, match="allows 100"):
            factories.make_order(product)

    def test_exceed_the_limit_only_by_concurrent_orders(self, small, owner):
        product, customers = sold_by(small), iter([factories.make_user() for _ in range(AT_ONCE)])
        owner.execute(COUNT_MORE, ["0", PLANS["free"].orders_per_month - 1])
        assert 1 <= all_at_once(lambda: factories.make_order(product, customer=next(customers))) <= AT_ONCE
        with pytest.raises(PlanLimitReached):
            factories.make_order(product)

    def test_of_the_previous_month_do_not_count(self, small, owner):
        owner.execute(COUNT_MORE, ["1 month", PLANS["free"].orders_per_month])
        factories.make_order(sold_by(small))

    def test_are_not_limited_where_the_plan_has_no_limit(self, owner):
        company = factories.make_company(plan="pro")
        product = sold_by(company)
        owner.execute(COUNT_MORE, ["0", 1_000_000])
        factories.make_order(product)


def on_plan(company, plan):
    with db.transaction(acting_for(company)):
        return lifecycle.change_plan(company_id=company.id, plan=plan, by=new_id())


class TestChangePlan:
    def test_to_a_smaller_plan_is_refused_with_all_exceeded_limits(self, owner):
        company = factories.make_company()
        factories.make_shop(company)
        factories.make_shop(company)
        owner.execute(COUNT_MORE, ["0", 101])
        with pytest.raises(PlanTooSmall) as refusal:
            on_plan(company, "free")
        assert "(shops: 2 in use, 1 allowed; orders_per_month: 101 in use, 100 allowed)" in refusal.value.message

    def test_to_a_smaller_plan_is_allowed_within_its_limits(self, database):
        company = factories.make_company()
        factories.make_shop(company)
        assert (on_plan(company, "free").plan, on_plan(company, "pro").plan) == ("free", "pro")

    @settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(st.sampled_from(["open", "open", "close", "free", "standard"]), max_size=16))
    def test_never_allows_more_than_the_new_plan(self, database, acts):
        company, plan, open_shops = factories.make_company(plan="standard"), "standard", []
        for act in acts:
            if act == "open" and len(open_shops) >= PLANS[plan].shops:
                with pytest.raises(PlanLimitReached):
                    factories.make_shop(company)
            elif act == "open":
                open_shops.append(factories.make_shop(company))
            elif act == "close" and open_shops:
                with db.transaction(acting_for(company)):
                    shops.close(shop_id=open_shops.pop().id, now=clock.now())
            elif act in PLANS and len(open_shops) > PLANS[act].shops:
                with pytest.raises(PlanTooSmall):
                    on_plan(company, act)
            elif act in PLANS:
                plan = on_plan(company, act).plan

    def test_waits_for_concurrent_inserts_and_counts_them(self, owner):
        company = factories.make_company()
        factories.make_shop(company)
        with ThreadPoolExecutor(1) as pool:
            with db.transaction(acting_for(company)):
                shops.open_shop(company_id=company.id, name="A second one", now=clock.now())
                smaller = pool.submit(on_plan, company, "free")
                until(lambda: owner.execute(WAITS).fetchone()[0])
            with pytest.raises(PlanTooSmall):
                smaller.result()
