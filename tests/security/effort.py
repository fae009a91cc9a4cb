"""How hard the attacks try: the same few things at each `make test`, others and many more at `make security`."""

from hypothesis import HealthCheck, settings

THOROUGH = "thorough"


def tried(few: int, *, steps: int = 50) -> settings:
    """Try so many examples, walks being of so many steps; other ones, and five times as many, when thorough."""
    thorough = settings.get_current_profile_name() == THOROUGH
    return settings(
        max_examples=few * (5 if thorough else 1), stateful_step_count=steps, derandomize=not thorough, deadline=None,
        database=None, suppress_health_check=list(HealthCheck),
    )  # fmt: skip
