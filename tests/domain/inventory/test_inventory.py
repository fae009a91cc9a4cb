"""Reserving, selling and returning stock, with real commits."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from sqlalchemy import func, select

from domain.inventory import queries
from domain.inventory import reservations as inventory
from domain.inventory.allocation import ReservationRequest
from domain.inventory.errors import OutOfStock, StockBelowReserved
from domain.inventory.models import StockMovement
from kit import db
from kit.errors import Conflict, NotFound
from tests import factories
from tests.factories import acting_for


@pytest.fixture
def other(shop):
    return factories.make_product(shop)


@pytest.fixture
def warehouse(company):
    return factories.make_warehouse(company)


def do(product, act, *orders) -> None:
    with db.transaction(acting_for(product)):
        act(order_ids=[order.id for order in orders], company_id=product.company_id)


def reserve(product, order, quantity: int) -> None:
    reserve_all(product, {order.id: {product.id: quantity}})


def reserve_all(product, wanted) -> None:
    """Raises the first refusal, the others being held."""
    with db.transaction(acting_for(product)):
        refused = inventory.reserve(
            company_id=product.company_id, requests=[ReservationRequest(*each) for each in wanted.items()]
        )
    for refusal in refused.values():
        raise refusal


def stock_levels(product) -> list[tuple[int, int]]:
    """(on_hand, reserved) in every warehouse, after checking that the movements add up to it."""
    with db.transaction(acting_for(product)):
        session = db.session()
        found = queries.stock_levels(product_id=product.id)
        moved = session.execute(
            select(StockMovement.warehouse_id, func.sum(StockMovement.quantity))
            .where(StockMovement.product_id == product.id)
            .group_by(StockMovement.warehouse_id)
        )
        assert {level.warehouse_id: level.on_hand for level in found} == dict(moved.all())
        return [(level.on_hand, level.reserved) for level in found]


class TestReserve:
    def test_reserves_the_quantities(self, product, warehouse):
        factories.put_stock(product, warehouse, 5)
        reserve(product, factories.make_order(product, 3), 3)
        assert stock_levels(product) == [(5, 3)]

    def test_reserves_from_several_warehouses(self, product, company):
        for _ in range(3):
            factories.put_stock(product, factories.make_warehouse(company), 2)
        reserve(product, factories.make_order(product, 5), 5)
        assert stock_levels(product) == [(2, 2), (2, 2), (2, 1)]

    def test_reserves_nothing_when_one_product_is_short(self, product, other, warehouse):
        factories.put_stock(product, warehouse, 5)
        factories.put_stock(other, warehouse, 1)
        order = factories.make_order(product)
        with pytest.raises(OutOfStock):
            reserve_all(product, {order.id: {product.id: 1, other.id: 2}})
        assert (stock_levels(product), stock_levels(other)) == ([(5, 0)], [(1, 0)])

    def test_does_not_count_units_reserved_for_other_orders(self, product, warehouse):
        factories.put_stock(product, warehouse, 5)
        first, second = factories.make_order(product, 4), factories.make_order(product, 2)
        reserve(product, first, 4)
        with pytest.raises(OutOfStock):
            reserve(product, second, 2)

    def test_never_oversells_to_concurrent_orders(self, product, company):
        for _ in range(2):
            factories.put_stock(product, factories.make_warehouse(company), 3)
        crowd = [factories.make_order(product, 2) for _ in range(8)]

        def buy(order) -> bool:
            try:
                reserve(product, order, 2)
            except OutOfStock:
                return False
            return True

        with ThreadPoolExecutor(len(crowd)) as pool:
            served = sum(pool.map(buy, crowd))
        assert served == 3
        assert stock_levels(product) == [(3, 3), (3, 3)]

    def test_does_not_deadlock_on_products_in_opposite_orders(self, product, other, warehouse):
        for each in (product, other):
            factories.put_stock(each, warehouse, 100)
        pairs = [{product.id: 1, other.id: 1}, {other.id: 1, product.id: 1}] * 4
        orders = [factories.make_order(product) for _ in pairs]
        with ThreadPoolExecutor(len(pairs)) as pool:
            holds = [
                pool.submit(reserve_all, product, {order.id: wanted})
                for order, wanted in zip(orders, pairs, strict=True)
            ]
        assert [hold.exception() for hold in holds] == [None] * len(pairs)
        assert (stock_levels(product), stock_levels(other)) == ([(100, 8)], [(100, 8)])


class TestReservation:
    """What may become of a reservation, each act done once and twice."""

    @pytest.fixture
    def order(self, product, warehouse):
        factories.put_stock(product, warehouse, 5)
        return factories.make_order(product, 2)

    @pytest.fixture
    def held(self, product, order):
        reserve(product, order, 2)
        return order

    @pytest.mark.parametrize("times", [1, 2])
    def test_release_returns_the_units(self, product, held, times):
        for _ in range(times):
            do(product, inventory.release, held)
        assert stock_levels(product) == [(5, 0)]

    def test_release_does_nothing_without_reservations(self, product, order):
        do(product, inventory.release, order)
        assert stock_levels(product) == [(5, 0)]

    @pytest.mark.parametrize("times", [1, 2])
    def test_commit_sells_the_units(self, product, held, times):
        for _ in range(times):
            do(product, inventory.commit, held)
        assert stock_levels(product) == [(3, 0)]

    def test_release_does_not_return_sold_units(self, product, held):
        do(product, inventory.commit, held)
        do(product, inventory.release, held)
        assert stock_levels(product) == [(3, 0)]

    def test_commit_does_not_sell_released_units(self, product, held):
        do(product, inventory.release, held)
        do(product, inventory.commit, held)
        assert stock_levels(product) == [(5, 0)]

    @pytest.mark.parametrize("times", [1, 2])
    def test_take_back_returns_sold_units(self, product, held, times):
        do(product, inventory.commit, held)
        for _ in range(times):
            do(product, inventory.take_back, held)
        assert stock_levels(product) == [(5, 0)]

    def test_take_back_does_nothing_before_the_sale(self, product, held):
        do(product, inventory.take_back, held)
        assert stock_levels(product) == [(5, 2)]

    @pytest.mark.parametrize("act", [inventory.release, inventory.commit])
    def test_takes_effect_once_when_concurrent(self, product, held, act):
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(partial(do, product, act), [held] * 4))
        assert stock_levels(product) == [(5 if act is inventory.release else 3, 0)]


class TestSetStockLevel:
    def test_writes_each_change_into_the_ledger(self, product, warehouse):
        for on_hand in (5, 5, 2, 0, 7):
            factories.put_stock(product, warehouse, on_hand)
        with db.transaction(acting_for(product)):
            session = db.session()
            changes = session.scalars(select(StockMovement.quantity).order_by(StockMovement.id)).all()
        assert changes == [5, -3, -2, 7]
        assert stock_levels(product) == [(7, 0)]

    def test_refuses_less_than_is_reserved(self, product, warehouse):
        factories.put_stock(product, warehouse, 5)
        reserve(product, factories.make_order(product, 3), 3)
        with pytest.raises(StockBelowReserved):
            factories.put_stock(product, warehouse, 2)
        assert stock_levels(product) == [(5, 3)]

    def test_refuses_another_companys_warehouse(self, product):
        with pytest.raises(NotFound):
            factories.put_stock(product, factories.make_warehouse(factories.make_company()))


class TestWarehouse:
    def test_has_a_unique_name_in_its_company(self, company):
        name = factories.make_warehouse(company).name
        factories.make_warehouse(factories.make_company(), name=name)
        with pytest.raises(Conflict):
            factories.make_warehouse(company, name=name)
