"""What the areas declare about their personal data. They are registered at the start of a process."""

from collections.abc import Mapping

from kit.personal_data import PersonalData

_BY_AREA: dict[str, PersonalData] = {}


def register(by_area: Mapping[str, PersonalData]) -> None:
    """Set the declarations of all areas. Areas are in the order of `domain.areas.AREAS`."""
    _BY_AREA.clear()
    _BY_AREA.update(by_area)


def by_area() -> Mapping[str, PersonalData]:
    """The declarations of all areas, in the order of `domain.areas.AREAS`.

    Raises LookupError before `register` was called.
    """
    if not _BY_AREA:
        raise LookupError("this process has registered no personal data: call domain.areas.register() at its start")
    return _BY_AREA
