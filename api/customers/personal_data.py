"""The section of a person's export that is about companies' records of their customers."""

from marshmallow import fields

from api.customers.schemas import CustomerRecordSchema

SECTIONS = {"customer_records": fields.List(fields.Nested(CustomerRecordSchema))}
