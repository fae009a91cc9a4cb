"""Personal data in the files that companies import."""

from kit.personal_data import PersonalData

_SHORT = "companies' files, which are deleted when the import has ended, and after a week at the latest"

PERSONAL_DATA = PersonalData(
    not_erased={"import_parts": _SHORT, "import_rows": _SHORT},
    not_exported={"import_parts": _SHORT, "import_rows": _SHORT},
)
