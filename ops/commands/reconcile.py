"""`orderx reconcile`: compares our payments with the provider's, one line for each difference."""

from collections import Counter
from datetime import datetime

from ops.commands.output import console, print_json, print_line
from saga.reconciliation import payments as reconciliation
from saga.reconciliation.payments import ComparedPayment

RETURNED = {"voided", "refunded"}


def correct(*, since: datetime, dry_run: bool, as_json: bool) -> bool:
    """Compare the payments, correct and print each difference. Return whether none needs an operator."""
    compared: Counter[str] = Counter()
    unresolved = 0
    for each in reconciliation.reconcile(since=since, dry_run=dry_run):
        compared[each.verdict] += 1
        if each.verdict in {"matches", "in progress"}:
            continue
        result, clean = _result(each, dry_run=dry_run)
        unresolved += not clean
        _show(each, result, as_json=as_json)
    if not as_json:
        console.print(_summary(compared, unresolved), highlight=False)
    return not unresolved


def _result(each: ComparedPayment, *, dry_run: bool) -> tuple[str, bool]:
    """What was done about the difference (in a dry run, what would be), and False if an operator must decide."""
    if each.verdict == "review":
        return "needs a decision", False
    if dry_run:
        return {"refund": "would be refunded", "record": "would be recorded"}[each.verdict], True
    if each.verdict == "record":
        return "recorded", True
    if each.corrected.outcome in RETURNED:
        return each.corrected.outcome, True
    return f"not refunded: {each.corrected.code or each.corrected.outcome}", False


def _show(each: ComparedPayment, result: str, *, as_json: bool) -> None:
    """Print a difference and its result: what was done about it."""
    answer = each.answer
    if as_json:
        payment = {
            "order_id": str(each.order_id),
            "ref": answer.ref,
            "outcome": answer.outcome,
            "amount": answer.amount,
        }
        print_json({**payment, "why": each.reason, "result": result})
        return
    print_line(f"{each.order_id}  {answer.ref}  {answer.outcome} ({answer.amount}), and {each.reason}: {result}")


def _summary(compared: Counter[str], unresolved: int) -> str:
    differing = compared["refund"] + compared["record"] + compared["review"]
    counts = {
        "payments compared": compared.total(),
        "skipped": compared["in progress"],
        "differing": differing,
    }
    return ", ".join(f"{what}: {times}" for what, times in {**counts, "unresolved": unresolved}.items())
