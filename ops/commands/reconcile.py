"""`orderx reconcile`: the provider's payments against ours, one line for each that did not agree."""

from collections import Counter
from datetime import datetime

from ops.commands.output import console, print_json, say
from saga import reconcile
from saga.reconcile import ComparedPayment

SETTLED = {"voided", "refunded"}


def put_right(*, since: datetime, dry_run: bool, as_json: bool) -> bool:
    """Compare, put right what can be, and say so as it is done; whether nothing is left for a person."""
    compared: Counter[str] = Counter()
    left = 0
    for each in reconcile.reconcile(since=since, dry_run=dry_run):
        compared[each.verdict] += 1
        if each.verdict in {"matches", "in progress"}:
            continue
        result, clean = _result(each, dry_run=dry_run)
        left += not clean
        _show(each, result, as_json=as_json)
    if not as_json:
        console.print(_summary(compared, left), highlight=False)
    return not left


def _result(each: ComparedPayment, *, dry_run: bool) -> tuple[str, bool]:
    if each.verdict == "review":
        return "look at it", False
    if dry_run:
        return {"refund": "would be given back", "record": "would be written down"}[each.verdict], True
    if each.verdict == "record":
        return "written down", True
    if each.after.outcome in SETTLED:
        return each.after.outcome, True
    return f"not given back: {each.after.code or each.after.outcome}", False


def _show(each: ComparedPayment, result: str, *, as_json: bool) -> None:
    answer = each.answer
    if as_json:
        told = {"order_id": str(each.order_id), "ref": answer.ref, "outcome": answer.outcome, "amount": answer.amount}
        print_json({**told, "why": each.reason, "result": result})
        return
    say(f"{each.order_id}  {answer.ref}  {answer.outcome} ({answer.amount}), and {each.reason}: {result}")


def _summary(compared: Counter[str], left: int) -> str:
    off = compared["refund"] + compared["record"] + compared["review"]
    told = {"payments compared": compared.total(), "left to their sagas": compared["in progress"], "off": off}
    return ", ".join(f"{what}: {times}" for what, times in {**told, "left for a person": left}.items())
