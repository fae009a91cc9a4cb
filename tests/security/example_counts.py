"""The number of examples of an attack: few and fixed in `make test`, many and random in `make security`."""

import secrets
from collections.abc import Sequence

from hypothesis import HealthCheck, Phase, settings

THOROUGH = "thorough"
MORE = 10
"""Factor by which the thorough profile raises the number of examples."""


def examples(few: int) -> settings:
    """Settings for `few` examples; ten times as many, and random, in the thorough profile."""
    return settings(
        max_examples=few * (MORE if _is_thorough() else 1), derandomize=not _is_thorough(),
        database=None, suppress_health_check=list(HealthCheck),
    )  # fmt: skip


def walk_seeds(few: int) -> Sequence[int]:
    """Seeds for `few` walks; ten times as many, and random, in the thorough profile."""
    return [secrets.randbits(32) for _ in range(few * MORE)] if _is_thorough() else range(few)


def one_walk(*, steps: int) -> settings:
    """Settings for a single walk of `steps` steps, not influenced by earlier walks."""
    return settings(examples(1), max_examples=1, stateful_step_count=steps, derandomize=False, phases=[Phase.generate])


def _is_thorough() -> bool:
    return settings.get_current_profile_name() == THOROUGH
