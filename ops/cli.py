"""The `orderx` command. Each command imports its modules when it runs, so that `--help` is fast."""
# ruff: noqa: PLC0415 - see above

import os
import shlex
import sys
from datetime import datetime, timedelta
from functools import partial
from importlib import metadata
from typing import Annotated, Literal

import typer

from ops import command_settings, multiprocess_metrics, running_stack
from ops.commands import account, dead, development_servers, events, failures, imports, jobs, output, saga, schedules
from ops.commands.output import Json, not_blank, print_json
from ops.commands.server_options import Host, Port, TrustedHosts
from ops.commands.times import past_time

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(requested: bool) -> None:
    if requested:
        print(f"orderx {metadata.version('orderx')}")
        raise typer.Exit


Version = Annotated[bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)]


@app.callback()
def options(version: Version = False) -> None:
    """OrderX: a commerce backend in which every order is a saga."""
    del version


@app.command(rich_help_panel="Local stack")
def up(
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Show all logs on the console.")] = False,
    as_json: Json = False,
) -> None:
    """Run the whole stack until Ctrl-C, with its data in .orderx; processes that crash are restarted."""
    from ops.commands import up as command

    command.up(follow=follow, as_json=as_json)


@app.command(rich_help_panel="Local stack")
def demo() -> None:
    """Start a temporary stack, place three orders, show their sagas, check the data, and remove everything."""
    from ops import demo as script
    from ops.commands import up as command

    with command.temporary_stack() as stack:
        os.environ.update(stack.settings_for("check"))
        clean = script.demo(stack)
    if not clean:
        sys.exit(1)


@app.command(rich_help_panel="Local stack")
def urls(as_json: Json = False) -> None:
    """Print the URLs of the stack that `orderx up` runs in this folder, as JSON or as shell assignments."""
    found = running_stack.urls(running_stack.default_directory())
    lines = [f"{name.upper()}={shlex.quote(url)}" for name, url in found.items()]
    if as_json:
        print_json(found)
    else:
        print("\n".join(lines))


@app.command(rich_help_panel="Local stack")
def chaos(
    orders: Annotated[int, typer.Option(help="Number of orders to place.", min=1)] = 300,
    kills: Annotated[int, typer.Option(help="Number of faults: kills, freezes, cut connections.", min=0)] = 20,
    seed: Annotated[int, typer.Option(help="Seed of the random plan; the same seed gives the same plan.")] = 1,
    rate: Annotated[float, typer.Option(help="Orders per second.", min=0.1)] = 5.0,
    targets: Annotated[
        str | None, typer.Option(help="Processes to disturb, comma-separated; default: all.", callback=not_blank)
    ] = None,
) -> None:
    """Inject faults into a temporary stack under load, then check that nothing was lost; the last line is JSON."""
    from ops.commands import chaos as command

    names = targets.split(",") if targets else []
    if not command.chaos(orders=orders, kills=kills, seed=seed, rate=rate, targets=names):
        sys.exit(1)


@app.command(rich_help_panel="Processes")
def api(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Annotated[int, typer.Option(help="Number of processes.", min=1)] = 1,
    threads: Annotated[int, typer.Option(help="Concurrent requests per process.", min=1)] = 32,
    connections: Annotated[int, typer.Option(help="Open connections per process.", min=1)] = 1000,
) -> None:
    """Serve the HTTP API."""
    if workers > 1:
        multiprocess_metrics.enable()
    from ops.commands import api as process

    process.serve(host=host, port=port, workers=workers, threads=threads, connections=connections)


@app.command(rich_help_panel="Processes")
def worker(
    queues: Annotated[
        str | None, typer.Option(help="Queues to consume, comma-separated; default: all.", callback=not_blank)
    ] = None,
    pool: Annotated[Literal["solo", "prefork", "threads"], typer.Option(help="Celery's worker pool.")] = "solo",
    concurrency: Annotated[int, typer.Option(help="Concurrent tasks, if the pool is not solo.", min=1)] = 1,
    name: Annotated[str, typer.Option(help="Name in Flower; default: its queues and process id.")] = "",
    metrics: Annotated[str, typer.Option(help="Address for Prometheus metrics, HOST:PORT; default: none.")] = "",
) -> None:
    """Run a Celery worker: saga steps, reactions to events, mails."""
    if metrics and pool == "prefork":
        multiprocess_metrics.enable()
    from workers import metrics_server, run

    if metrics:
        metrics_server.serve(metrics)
    names = queues.split(",") if queues else []
    run.run_worker(names, pool=pool, concurrency=concurrency, name=name)


@app.command(rich_help_panel="Processes")
def relay() -> None:
    """Send the messages in the outbox to the broker."""
    from workers.outbox import relay as process

    process.run()


@app.command(rich_help_panel="Processes")
def sweeper() -> None:
    """Detect stalled sagas, send their missing messages again, and raise alerts."""
    from workers import sweeper as process

    process.run()


@app.command(rich_help_panel="Processes")
def scheduler() -> None:
    """Send the runs of schedules to the workers when they are due."""
    from workers import scheduler as process

    process.run()


@app.command(rich_help_panel="Processes")
def flower(host: Host = "127.0.0.1", port: Port = 5555, trusted_host: TrustedHosts = None) -> None:
    """Serve Flower, a web page that shows Celery's tasks; FLOWER_* variables are its options."""
    from ops import flower as process

    process.serve(host, port, trusted_hosts=tuple(trusted_host or ()))


@app.command(rich_help_panel="Operations")
def migrate(as_json: Json = False) -> None:
    """Migrate the database to the newest schema and create the two logins; safe to repeat."""
    from ops.commands import migrate as command

    command.migrate(as_json=as_json)


@app.command(rich_help_panel="Operations")
def check(
    at_rest: Annotated[bool, typer.Option(help="Also check that every saga has ended and nothing is queued.")] = False,
    provider: Annotated[bool, typer.Option(help="Also compare payments with the provider.")] = True,
    wait: Annotated[float, typer.Option(help="Seconds to wait until the checks succeed.", min=0)] = 0.0,
    as_json: Json = False,
) -> None:
    """Check the data of all companies for consistency; exit 1 and name the rows that are inconsistent."""
    from ops.commands import check as command

    if not command.run_checks(at_rest=at_rest, provider=provider, wait=wait, as_json=as_json):
        sys.exit(1)


@app.command(rich_help_panel="Operations")
def reconcile(
    since: Annotated[
        datetime | None,
        typer.Option(
            help="Compare payments made since this time (UTC).",
            show_default="a week ago",
            parser=past_time,
            metavar="TIME",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print what would be done.")] = False,
    as_json: Json = False,
) -> None:
    """Refund payments whose orders are unknown or not paid here, for example after a restore."""
    from kit import clock
    from ops.commands import reconcile as command

    if not command.correct(since=since or clock.now() - timedelta(days=7), dry_run=dry_run, as_json=as_json):
        sys.exit(1)


@app.command(rich_help_panel="Operations")
def permissions(
    form: Annotated[
        Literal["table", "markdown"], typer.Option("--format", help="A table, or the table of docs/permissions.md.")
    ] = "table",
    as_json: Json = False,
) -> None:
    """List all operations of the API: the permission that each requires, and the roles that have it."""
    from ops.commands import permissions as command

    command.list_permissions(form=form, as_json=as_json)


for server in (development_servers.sandbox, development_servers.inbox):
    app.command(rich_help_panel="Development servers")(server)
app.command("import", rich_help_panel="Operations")(imports.import_file)
app.add_typer(account.app, name="account", rich_help_panel="Operations")
app.add_typer(saga.app, name="saga", rich_help_panel="Operations")
app.add_typer(dead.app, name="dead", rich_help_panel="Operations")
app.add_typer(events.app, name="events", rich_help_panel="Operations")
app.add_typer(schedules.app, name="schedules", rich_help_panel="Operations")
app.add_typer(jobs.app, name="jobs", rich_help_panel="Operations")


def main() -> None:
    """Run the command. Errors are one line on stderr and exit code 1, usage errors exit code 2."""
    output.prepare()
    running_stack.use_settings(sys.argv[1:])
    command_settings.remove_undeclared(next(iter(sys.argv[1:]), ""))
    failures.report_in_one_line(partial(app, standalone_mode=False))


if __name__ == "__main__":
    main()
