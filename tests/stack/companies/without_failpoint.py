"""Transactions about companies that need no failpoint."""

WITHOUT_FAILPOINT = {
    "saga/schedules/companies.py: _close_company": "each company is closed whole, or found again",
    "saga/schedules/companies.py: close_due_companies": "it only reads",
}
