from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.inventory.allocation import ReservationRequest, StockLevel, allocate, allocate_in_order
from domain.inventory.errors import OutOfStock

PRODUCTS = [UUID(int=n) for n in range(1, 4)]
products = st.sampled_from(PRODUCTS)
wishes = st.dictionaries(products, st.integers(1, 12), max_size=3)
stock_levels = st.lists(
    st.builds(StockLevel, products, st.builds(UUID, int=st.integers(11, 15)), st.integers(0, 8)),
    unique_by=lambda level: (level.product_id, level.warehouse_id),
)


def covered(wanted, stock):
    return all(sum(s.available for s in stock if s.product_id == p) >= units for p, units in wanted.items())


class TestAllocate:
    @given(wanted=wishes, stock=stock_levels)
    def test_allocates_exactly_the_quantities_or_raises(self, wanted, stock):
        if not covered(wanted, stock):
            with pytest.raises(OutOfStock):
                allocate(wanted, stock)
            return
        shares = allocate(wanted, stock)
        given_out = {p: sum(share.quantity for share in shares if share.product_id == p) for p in wanted}
        assert given_out == wanted

    @given(wanted=wishes, stock=stock_levels)
    def test_takes_no_more_than_is_available_from_each_warehouse(self, wanted, stock):
        if covered(wanted, stock):
            available = {level[:2]: level.available for level in stock}
            shares = allocate(wanted, stock)
            assert all(0 < share.quantity <= available[share[:2]] for share in shares)
            assert len({share[:2] for share in shares}) == len(shares)

    def test_empties_the_first_warehouse_first(self):
        stock = [StockLevel(PRODUCTS[0], UUID(int=11), 3), StockLevel(PRODUCTS[0], UUID(int=12), 3)]
        assert [share.quantity for share in allocate({PRODUCTS[0]: 4}, stock)] == [3, 1]

    def test_names_the_missing_product_without_its_stock_level(self):
        with pytest.raises(OutOfStock) as refused:
            allocate({PRODUCTS[0]: 4}, [StockLevel(PRODUCTS[0], UUID(int=11), 3)])
        assert refused.value.product_id == PRODUCTS[0]
        assert not any(character.isdigit() for character in refused.value.message)


class TestAllocateInOrder:
    def test_takes_from_the_requested_warehouses_only(self):
        near, far = UUID(int=11), UUID(int=12)
        stock = [StockLevel(PRODUCTS[0], near, 3), StockLevel(PRODUCTS[0], far, 3)]
        requests = [
            ReservationRequest(UUID(int=21), {PRODUCTS[0]: 2}, warehouse_ids=[far]),
            ReservationRequest(UUID(int=22), {PRODUCTS[0]: 2}, warehouse_ids=[far]),
            ReservationRequest(UUID(int=23), {PRODUCTS[0]: 4}),
        ]
        allocations, errors = allocate_in_order(requests, stock)
        assert {reference: [tuple(each)[1:] for each in shares] for reference, shares in allocations.items()} == {
            UUID(int=21): [(far, 2)], UUID(int=23): [(near, 3), (far, 1)],
        }  # fmt: skip
        assert list(errors) == [UUID(int=22)]
