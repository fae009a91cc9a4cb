"""Parses and validates Stripe's form-encoded parameters, which are nested by brackets."""

from collections.abc import Iterable
from typing import Any

from kit.charge_limits import MINIMUM_CHARGES
from kit.money import CURRENCIES, LARGEST_AMOUNT
from ops.sandbox.errors import bad_parameter

Params = dict[str, Any]

STEP = {**dict.fromkeys(("bhd", "jod", "kwd", "omr", "tnd"), 10), "isk": 100, "ugx": 100}
"""Amounts must be multiples of this: three-decimal currencies end in 0, two former two-decimal ones in 00."""


def nested(pairs: Iterable[tuple[str, str]]) -> Params:
    """`card[number]=4242` as {"card": {"number": "4242"}}; `expand[]=a` and `expand[0]=a` as {"expand": {"0": "a"}}."""
    tree: Params = {}
    for name, value in pairs:
        *path, leaf = name.replace("]", "").split("[")
        node = tree
        for step in path:
            node = node.setdefault(step, {})
            if not isinstance(node, dict):
                raise bad_parameter(name, f"Invalid object: {name}")
        node[leaf or str(len(node))] = value
    return tree


def text(params: Params, name: str) -> str:
    """A required string."""
    value = params.get(name)
    if not isinstance(value, str) or not value:
        raise bad_parameter(name, f"Missing required param: {name}.", "parameter_missing")
    return value


def group(params: Params, name: str) -> Params:
    """An optional group of nested parameters."""
    value = params.get(name) or {}
    if not isinstance(value, dict):
        raise bad_parameter(name, f"Invalid object: {name}")
    return value


def integer(params: Params, name: str, *, maximum: int, default: int | None = None) -> int:
    """An integer from 1 to `maximum`; required if there is no default."""
    if default is not None and name not in params:
        return default
    value = text(params, name)
    if not value.isdecimal() or not 1 <= int(value) <= maximum:
        raise bad_parameter(name, f"Invalid integer: {name} must be from 1 to {maximum}.", "parameter_invalid_integer")
    return int(value)


def charge(params: Params) -> tuple[int, str]:
    """The amount and currency of a new charge, within Stripe's limits for charges in this currency."""
    code = currency(params)
    units = part(params, "amount", code, maximum=LARGEST_AMOUNT)
    if units < MINIMUM_CHARGES.get(code.upper(), 1):
        raise bad_parameter(
            "amount", f"Amount must be at least {MINIMUM_CHARGES[code.upper()]} {code}.", "amount_too_small"
        )
    return units, code


def part(params: Params, name: str, currency: str, *, maximum: int, default: int | None = None) -> int:
    """An amount that Stripe accepts in this currency: some must end in 0, some in 00."""
    units = integer(params, name, maximum=maximum, default=default)
    step = STEP.get(currency, 1)
    if units % step:
        message = f"Invalid integer: {name} must be a multiple of {step} in {currency}."
        raise bad_parameter(name, message, "parameter_invalid_integer")
    return units


def currency(params: Params) -> str:
    """An ISO 4217 code in lower case, as in Stripe's API."""
    code = text(params, "currency")
    if code.upper() not in CURRENCIES:
        raise bad_parameter("currency", f"Invalid currency: {code}.")
    return code.lower()


def choice(params: Params, name: str, choices: tuple[str, ...]) -> str:
    """One of the choices; the first is the default."""
    value = params.get(name, choices[0])
    if value not in choices:
        raise bad_parameter(name, f"Invalid {name}: must be one of {', '.join(choices)}.")
    return str(value)
