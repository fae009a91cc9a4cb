"""Errors of the customers."""

from kit.errors import Conflict, NotFound, Stale


class CustomerNotFound(NotFound):
    """There is no such customer."""

    code = "customer_not_found"


class CustomerChanged(Stale):
    """The customer has changed since you read it; read it again."""

    code = "customer_changed"


class CustomerEmailTaken(Conflict):
    """Your company already has a guest with this email address."""

    code = "customer_email_taken"


class CustomerAddressNotFound(NotFound):
    """The customer has no such address."""

    code = "customer_address_not_found"


class TooManyCustomerAddresses(Conflict):
    """The customer has the maximum number of addresses: delete one first."""

    code = "too_many_customer_addresses"


class GroupNotFound(NotFound):
    """There is no such group of customers."""

    code = "customer_group_not_found"


class GroupNameTaken(Conflict):
    """Your company already has a group of customers with this name."""

    code = "customer_group_name_taken"


class HasAccount(Conflict):
    """The customer has an account, and only they can erase it, with what your company knows about them."""

    code = "customer_has_account"


class CannotMerge(Conflict):
    """Only a guest can be merged into another customer."""

    code = "cannot_merge_customers"
