"""How refunds come to pass the failpoints of their step."""

from uuid import uuid4

from tests.stack.failpoint_cases import FailpointCase
from tests.stack.failpoints import Failpoints, order, until_answered
from tests.stack.shop import Shop


def _refund_when_paid(points: Failpoints, shop: Shop, point: str) -> None:
    order_id = order(shop, str(uuid4()), wait=20)
    request = {"amount": {"amount": 500, "currency": "EUR"}, "reason": "goodwill"}
    refund = shop.call("POST", f"/orders/{order_id}/refunds", request, as_=shop.merchant)
    points.arm(point)
    execute = ("POST", f"/refunds/{refund['id']}/execute", {}, shop.merchant)
    until_answered(lambda: shop.request(*execute))
    points.wait_for_hit(point)


CASES = {"execute_refund": FailpointCase(_refund_when_paid, "paid", sold=1)}
