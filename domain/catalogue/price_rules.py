"""What a price must be to be charged."""

from kit.charge_limits import charge_limits
from kit.money import Money


def errors_of(price: Money, *, currency: str, path: str) -> dict[str, list[str]]:
    """The errors of a price by field, for Invalid; empty if it can be charged. `currency` is the company's."""
    if price.currency != currency:
        return {f"{path}.currency": [f"Your company sells in {currency}."]}
    chargeable = charge_limits(currency)
    if price.amount % chargeable.step:
        step = Money(chargeable.step, currency)
        return {f"{path}.amount": [f"Cards can only be charged multiples of {step}."]}
    if price.amount > chargeable.maximum:
        return {f"{path}.amount": [f"Must be at most {Money(chargeable.maximum, currency)}."]}
    return {}
