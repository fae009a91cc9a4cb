"""Time zones by their IANA names."""

from importlib.resources import files

TIME_ZONES: frozenset[str] = frozenset((files("tzdata") / "zones").read_text().split()) - {"Factory"}
"""All names of the IANA database except `Factory`, which means that no zone was chosen.

`zoneinfo.available_timezones()` also returns names that only this machine has, such as `localtime`.
"""
