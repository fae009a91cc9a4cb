"""Errors of the erasure of a person."""

from kit.errors import Conflict


class OrdersInProgress(Conflict):
    """You have an order in progress, or one paid less than 30 days ago that may still be shipped: try again later."""

    code = "orders_in_progress"
