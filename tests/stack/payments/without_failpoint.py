"""Transactions about payments that need no failpoint."""

WITHOUT_FAILPOINT = {
    "saga/checks/payments.py: payment_differences": "it only reads",
    "saga/checks/payments.py: _payments": "it only reads",
    "saga/reconciliation/payments.py: _correct": "run again, it records what it had done",
    "saga/reconciliation/payments.py: reconcile": "it only reads",
}
