"""A discount on several lines, divided among them."""

from collections.abc import Sequence

from kit.money import Money


def apportion(discount: Money, lines: Sequence[Money]) -> list[Money]:
    """Divide a discount among lines in proportion to their amounts, by largest remainder; ties go to the first.

    No line's share is above the line. Raises ValueError if the discount is negative or above the sum of the lines.
    """
    most = sum(line.amount for line in lines)
    if not 0 <= discount.amount <= most:
        raise ValueError(
            f"a discount is from 0 to {Money(most, discount.currency)}, the sum of its lines, not {discount}"
        )
    return discount.allocate([line.amount for line in lines])
