"""`orderx check`: proving the books."""

import json
import time
from collections.abc import Iterator

from ops.check import Finding, check
from ops.commands.output import console


def prove(*, at_rest: bool, provider: bool, wait: float, as_json: bool) -> bool:
    """Try every rule and print what breaks it; whether nothing does.

    With `at_rest`, rules that need quiet are given up to `wait` seconds to come true.
    """
    deadline = time.monotonic() + wait
    while True:
        results = list(check(at_rest=at_rest, provider=provider))
        clean = not any(findings for _, findings in results)
        if clean or time.monotonic() > deadline:
            break
        time.sleep(0.2)
    if as_json:
        print(json.dumps({"clean": clean, "findings": {rule: [f.row for f in found] for rule, found in results}}))
    else:
        for line in _lines(results):
            console.print(line, highlight=False)
    return clean


def _lines(results: list[tuple[str, list[Finding]]]) -> Iterator[str]:
    for rule, findings in results:
        yield f"[red]✗[/red] {rule}" if findings else f"[green]✓[/green] {rule}"
        yield from (f"    {finding.row}" for finding in findings)
    broken = sum(len(findings) for _, findings in results)
    yield f"[red]{broken} rows are off.[/red]" if broken else "[green]The books are clean.[/green]"
