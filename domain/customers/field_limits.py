"""Limits and formats of a customer's fields, in requests and in files."""

MAX_NAME_LENGTH = 200
MAX_TAGS, MAX_TAG_LENGTH, MAX_GROUPS, MAX_NOTE_LENGTH = 50, 50, 50, 2000
VAT_ID_FORMAT = "^[A-Z]{2}[0-9A-Z+*]{2,12}$"
"""Two letters of the country and its number, as VIES takes them (Implementing Regulation (EU) 79/2012)."""
VAT_ID_EXPECTED = "Send the country code and the number, such as DE123456789."
