"""What companies refuse."""

from kit.errors import NotFound


class CompanyNotFound(NotFound):
    """There is no such company, or you do not belong to it."""

    code = "company_not_found"
