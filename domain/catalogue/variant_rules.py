"""What the options and variants of a product must be."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.catalogue import price_rules, unit_prices
from kit.errors import Invalid
from kit.money import Money

MAX_VARIANTS = 2_000
MAX_OPTIONS = 5
MAX_VALUES = 200
"""Per option."""


@dataclass(frozen=True, slots=True)
class Option:
    """What variants differ in, such as `Size`, and its values in the order in which a shop shows them."""

    name: str
    values: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantRequest:
    """A variant as somebody wants it; `options` has a value for each option of the product, by name."""

    sku: str
    price: Money
    options: dict[str, str] = field(default_factory=dict)
    low_stock_threshold: int | None = None
    gtin: str | None = None
    weight_grams: int | None = None
    length_mm: int | None = None
    width_mm: int | None = None
    height_mm: int | None = None
    origin_country: str | None = None
    hs_code: str | None = None
    content_amount: int | None = None
    content_unit: str | None = None


def validate(
    options: Sequence[Option], variants: Sequence[VariantRequest], *, first_sku: str, currency: str
) -> None:  # fmt: skip
    """Raise Invalid by field, with all errors.

    No two options have the same name, and no two variants the same SKU or the same values. One variant has `first_sku`,
    the SKU of the product.
    """
    errors: dict[str, list[str]] = {}
    for path, message in (
        *_errors_of_options(options),
        *_errors_of_values(options, variants),
        *_repeated([variant.sku for variant in variants], "variants.{}.sku", "Another variant has this SKU."),
    ):
        errors.setdefault(path, []).append(message)
    for position, variant in enumerate(variants):
        errors |= price_rules.errors_of(variant.price, currency=currency, path=f"variants.{position}.price")
        errors |= unit_prices.errors_of(
            variant.content_amount, variant.content_unit, path=f"variants.{position}.content_unit"
        )
    if len(variants) > MAX_VARIANTS:
        errors["variants"] = [f"A product has at most {MAX_VARIANTS} variants."]
    if first_sku not in {variant.sku for variant in variants}:
        errors["variants"] = [f"Keep the variant with the SKU of the product, {first_sku}."]
    if errors:
        raise Invalid(fields=errors)


def _errors_of_options(options: Sequence[Option]) -> Iterator[tuple[str, str]]:
    yield from _repeated([option.name for option in options], "options.{}.name", "Another option has this name.")
    for position, option in enumerate(options):
        yield from _repeated(option.values, f"options.{position}.values.{{}}", "The option has this value already.")


def _errors_of_values(options: Sequence[Option], variants: Sequence[VariantRequest]) -> Iterator[tuple[str, str]]:
    allowed = {option.name: set(option.values) for option in options}
    for position, variant in enumerate(variants):
        path = f"variants.{position}.options"
        for name, values in allowed.items():
            if name not in variant.options:
                yield path, f"Send a value for {name}."
            elif variant.options[name] not in values:
                yield f"{path}.{name}", f"{name} has no such value."
        for name in variant.options.keys() - allowed.keys():
            yield f"{path}.{name}", "The product has no such option."
    combinations = [tuple(sorted(variant.options.items())) for variant in variants]
    yield from _repeated(combinations, "variants.{}.options", "Another variant has these values.")


def _repeated(values: Sequence[Any], path: str, message: str) -> Iterator[tuple[str, str]]:
    seen = set()
    for position, value in enumerate(values):
        if value in seen:
            yield path.format(position), message
        seen.add(value)
