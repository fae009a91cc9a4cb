"""Personal data about payments."""

from kit.personal_data import PersonalData

PERSONAL_DATA = PersonalData(
    not_erased={"payment_attempts": "they expire a day after the payment, and limit card testing until then"},
    not_exported={"payment_attempts": "they expire a day after the payment; card and network are hashed"},
)
