"""Personal data in the history of companies."""

from kit.personal_data import PersonalData

PERSONAL_DATA = PersonalData(
    not_erased={"company_events": "they record who decided, by an id that names nobody once the user is erased"},
    not_exported={"company_events": "they belong to the company, whose admins list them"},
)
