"""Deliveries to the outside, such as mails: claim, call outside of any transaction, record the outcome."""
