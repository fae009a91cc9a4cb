"""How hard the attacks try: the same few things at each `make test`, others and many more at `make security`."""

from hypothesis import HealthCheck, settings

THOROUGH = "thorough"


def tried(few: int) -> settings:
    """Try so many examples; five times as many, each time others, under --hypothesis-profile=thorough."""
    thorough = settings.get_current_profile_name() == THOROUGH
    return settings(
        max_examples=few * (5 if thorough else 1), derandomize=not thorough, deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
