"""Payment methods: exchange a card for a token; only brand, last four digits and expiry are stored."""

import time

from stdnum import luhn

from ops.sandbox import objects
from ops.sandbox.cards import BY_NUMBER, TestCard
from ops.sandbox.errors import Refused, unknown
from ops.sandbox.idempotency import Reply
from ops.sandbox.ledger import Row, Transaction, insert, new_id, now
from ops.sandbox.params import Params, choice, group, text


def create(db: Transaction, params: Params) -> Reply:
    """Exchange a test card for a `pm_…` token."""
    choice(params, "type", ("card",))
    data = group(params, "card")
    card = _test_card(text(data, "number"))
    exp_month, exp_year = _expiry(text(data, "exp_month"), text(data, "exp_year"))
    _check_cvc(str(data.get("cvc", "123")), card)
    method = new_id("pm")
    insert(
        db,
        "payment_methods",
        id=method,
        created=now(),
        brand=card.brand,
        fingerprint=card.fingerprint,
        last4=card.number[-4:],
        exp_month=exp_month,
        exp_year=exp_year,
        behaviour=card.behaviour,
    )
    return Reply(200, objects.payment_method(find(db, method)))


def find(db: Transaction, method: str, *, param: str = "payment_method", status: int = 404) -> Row:
    """The payment method with this id; raises Refused if there is none."""
    row: Row | None = db.execute("SELECT * FROM payment_methods WHERE id = ?", (method,)).fetchone()
    if row is None:
        raise unknown("PaymentMethod", method, param=param, status=status)
    return row


def _test_card(number: str) -> TestCard:
    if not luhn.is_valid(number):
        raise _invalid_card("number", "incorrect_number", "Your card number is incorrect.")
    card = BY_NUMBER.get(number)
    if card is None:
        raise Refused(
            402,
            "card_error",
            "Your card was declined: the sandbox accepts only test cards.",
            code="card_declined",
            decline_code="test_mode_live_card",
            param="number",
        )
    return card


def _expiry(month: str, year: str) -> tuple[int, int]:
    if not month.isdecimal() or int(month) not in range(1, 13):
        raise _invalid_card("exp_month", "invalid_expiry_month", "Your card's expiration month is invalid.")
    today = time.gmtime()
    if not year.isdecimal() or (int(year), int(month)) < (today.tm_year, today.tm_mon):
        raise _invalid_card("exp_year", "invalid_expiry_year", "Your card's expiration year is invalid.")
    return int(month), int(year)


def _check_cvc(cvc: str, card: TestCard) -> None:
    if not cvc.isdecimal() or len(cvc) != (4 if card.brand == "amex" else 3):
        raise _invalid_card("cvc", "invalid_cvc", "Your card's security code is invalid.")


def _invalid_card(param: str, code: str, message: str) -> Refused:
    return Refused(402, "card_error", message, code=code, param=param)
