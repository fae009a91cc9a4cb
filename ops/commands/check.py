"""`orderx check`: consistency checks."""

import time

from rich.markup import escape

from ops.check import Finding, check
from ops.commands.output import console, mark, print_json, print_line


def run_checks(*, at_rest: bool, provider: bool, wait: float, as_json: bool) -> bool:
    """Run all checks and print the violations. Return whether there are none.

    Repeats the checks for up to `wait` seconds until they succeed.
    """
    deadline = time.monotonic() + wait
    while True:
        results = list(check(at_rest=at_rest, provider=provider))
        clean = not any(findings for _, findings in results)
        if clean or time.monotonic() > deadline:
            break
        time.sleep(0.2)
    if as_json:
        print_json({"clean": clean, "findings": {rule: [f.row for f in found] for rule, found in results}})
    else:
        _print(results)
    return clean


def _print(results: list[tuple[str, list[Finding]]]) -> None:
    for rule, findings in results:
        console.print(mark(good=not findings), escape(rule), highlight=False)
        for finding in findings:
            print_line(f"    {finding.row}")
    broken = sum(len(findings) for _, findings in results)
    console.print(f"[red]{broken} rows are inconsistent.[/red]" if broken else "[green]The data is consistent.[/green]")
