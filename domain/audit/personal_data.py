"""Personal data in audit records."""

from kit.personal_data import PersonalData

_ID_ONLY = "they record who did what, by an id that names nobody once the user is erased"

PERSONAL_DATA = PersonalData(
    not_erased={"super_admin_requests": _ID_ONLY, "operator_actions": _ID_ONLY},
    not_exported={
        "super_admin_requests": "they record requests to other companies, which are those companies' data",
        "operator_actions": "the reasons name other people, and are for audits",
    },
)
