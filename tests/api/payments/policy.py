"""Who may call the endpoints of `api.payments`, and what the tests send to them."""

from domain.payments.refund_plan import UnitsToRefund
from tests import factories
from tests.factories_of_payments import grant_refund, pay_order

POLICY = """
endpoint                     super_admin  company_admin  shop_manager  staff  customer  suspended
refunds.list_order_payments  company      company        shop          shop   -         yes
refunds.suggest_refund       company      company        shop          shop   -         yes
refunds.grant_refund         company      company        shop          shop   -         yes
refunds.list_order_refunds   company      company        shop          shop   -         yes
refunds.get_refund           company      company        shop          shop   -         yes
refunds.withdraw_refund      company      company        shop          shop   -         yes
refunds.execute_refund       company      company        shop          -      -         yes
"""

BODIES = {
    "refunds.suggest_refund": {},
    "refunds.grant_refund": {"reason": "goodwill", "amount": {"amount": 1, "currency": "EUR"}},
    "refunds.withdraw_refund": {},
    "refunds.execute_refund": {},
}


def rows(at):
    pay_order(at.rows["order"])
    other = factories.make_order(at.rows["product"], customer=at.customer)
    pay_order(other)
    return {"refund": grant_refund(other, lines=[UnitsToRefund(other.lines[0].id, 1)])}
