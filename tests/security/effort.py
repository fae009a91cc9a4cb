"""How hard the attacks try: the same few things at each `make test`, others and many more at `make security`."""

import secrets
from collections.abc import Sequence

from hypothesis import HealthCheck, Phase, settings

THOROUGH = "thorough"
MORE = 10
"""How many times as many examples."""


def tried(few: int) -> settings:
    """Try so many examples; other ones, and more, when thorough."""
    return settings(
        max_examples=few * (MORE if _is_thorough() else 1), derandomize=not _is_thorough(), deadline=None,
        database=None, suppress_health_check=list(HealthCheck),
    )  # fmt: skip


def walks(few: int) -> Sequence[int]:
    """Seeds of so many walks; other ones, and more, when thorough."""
    return [secrets.randbits(32) for _ in range(few * MORE)] if _is_thorough() else range(few)


def one_walk(*, steps: int) -> settings:
    """A single walk of so many steps, told as it was: where others led before must not steer it."""
    return settings(tried(1), max_examples=1, stateful_step_count=steps, derandomize=False, phases=[Phase.generate])


def _is_thorough() -> bool:
    return settings.get_current_profile_name() == THOROUGH
