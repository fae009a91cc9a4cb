"""Time zones by their IANA names."""

from importlib.resources import files

TIME_ZONES: frozenset[str] = frozenset((files("tzdata") / "zones").read_text().split()) - {"Factory"}
"""Those of the IANA database, but for the one that means that nobody has chosen any.

`zoneinfo.available_timezones()` has also what the machine has besides, such as `localtime`.
"""
