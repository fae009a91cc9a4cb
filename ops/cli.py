"""The `orderx` command. Each command imports what it needs when it runs, so that `--help` is quick."""
# ruff: noqa: PLC0415 - see above

import os
import shlex
import sys
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path
from typing import Annotated, Literal

import typer

from ops import home, reads, shared_metrics
from ops.commands import account, dead, failures, output, saga
from ops.commands.output import Json, not_blank, print_json

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"orderx {metadata.version('orderx')}")
        raise typer.Exit


Version = Annotated[bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)]


@app.callback()
def of_every_command(version: Version = False) -> None:
    """OrderX: a commerce backend in which every order is a saga."""
    del version


Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65535)]
TrustedHosts = Annotated[
    list[str] | None,
    typer.Option("--trusted-host", help="Name to answer to besides localhost, as in http://NAME:port; repeatable."),
]


@app.command(rich_help_panel="On this machine")
def up(
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Show all logs on the console.")] = False,
    as_json: Json = False,
) -> None:
    """Run the whole stack until Ctrl-C, keeping its data in .orderx; what crashes is started again."""
    from ops.commands import up as command

    command.up(follow=follow, as_json=as_json)


@app.command(rich_help_panel="On this machine")
def demo() -> None:
    """Start a stack of its own, place real orders, show their sagas, prove the books, and leave nothing behind."""
    from ops import demo as script
    from ops.commands import up as command

    with command.temporary_stack() as stack:
        os.environ.update(stack.settings_for("check"))
        clean = script.demo(stack)
    if not clean:
        sys.exit(1)


@app.command(rich_help_panel="On this machine")
def urls(as_json: Json = False) -> None:
    """Print where the stack answers that `orderx up` runs in this folder: JSON, or lines for a shell's eval."""
    found = home.urls(home.default_home())
    lines = [f"{name.upper()}={shlex.quote(url)}" for name, url in found.items()]
    if as_json:
        print_json(found)
    else:
        print("\n".join(lines))


@app.command(rich_help_panel="On this machine")
def chaos(
    orders: Annotated[int, typer.Option(help="Orders that customers come to place.", min=1)] = 300,
    kills: Annotated[int, typer.Option(help="Disturbances: kills, freezes, cut wires.", min=0)] = 20,
    seed: Annotated[int, typer.Option(help="What the run is made from; the same seed is the same plan.")] = 1,
    rate: Annotated[float, typer.Option(help="Customers a second.", min=0.1)] = 5.0,
    targets: Annotated[
        str | None, typer.Option(help="What to disturb, comma-separated; everything unless given.", callback=not_blank)
    ] = None,
) -> None:
    """Disturb a stack of its own while customers order, then prove that nothing is lost; the last line is JSON."""
    from ops.commands import chaos as command

    named = targets.split(",") if targets else []
    if not command.chaos(orders=orders, kills=kills, seed=seed, rate=rate, targets=named):
        sys.exit(1)


GRACEFUL_SECONDS = 45
"""For which an API that stops finishes its requests: one may wait for 30 s (`Prefer: wait`) and call the provider."""


@app.command(rich_help_panel="Processes")
def api(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Annotated[int, typer.Option(help="Processes.", min=1)] = 1,
    threads: Annotated[int, typer.Option(help="Requests a process serves at once.", min=1)] = 32,
    connections: Annotated[int, typer.Option(help="Connections a process keeps open at once.", min=1)] = 1000,
) -> None:
    """Serve the HTTP API."""
    if workers > 1:
        shared_metrics.count_together()
    from gunicorn.app import wsgiapp

    from kit.config import settings
    from kit.messaging import pg_notify
    from workers import definitions

    for name in ("database_url", "secret_key", "signing_keys", "public_url"):
        settings().require(name)
    definitions.demand()
    pg_notify.require_no_pooler("database_url")
    options = ["--bind", f"{host}:{port}", "--workers", str(workers), "--threads", str(threads)]
    options += ["--worker-connections", str(connections), "--graceful-timeout", str(GRACEFUL_SECONDS)]
    # As a warning gunicorn quotes malformed headers, whatever secrets are in them.
    quiet = ["--no-control-socket", "--log-level", "error"]
    lasting = ["--worker-class", "ops.server.worker.BufferingWorker", "--keep-alive", "75", "--no-sendfile"]
    sys.argv = ["gunicorn", *options, *lasting, *quiet, f"api.app:create_app(threads={threads})"]
    wsgiapp.run()


@app.command(rich_help_panel="Processes")
def worker(
    queues: Annotated[
        str | None, typer.Option(help="Queues to work on, comma-separated; all unless given.", callback=not_blank)
    ] = None,
    pool: Annotated[Literal["solo", "prefork", "threads"], typer.Option(help="Celery's pool.")] = "solo",
    concurrency: Annotated[int, typer.Option(help="Tasks at once, where the pool is not solo.", min=1)] = 1,
    name: Annotated[str, typer.Option(help="What Flower calls it; its queues and process id unless given.")] = "",
    metrics: Annotated[str, typer.Option(help="Address at which Prometheus reads, HOST:PORT; none unless given.")] = "",
) -> None:
    """Work on the queues: saga steps, reactions to events, mails."""
    if metrics and pool == "prefork":
        shared_metrics.count_together()
    from workers import metrics_port, run

    if metrics:
        metrics_port.serve(metrics)
    names = queues.split(",") if queues else []
    run.worker(names, pool=pool, concurrency=concurrency, name=name)


@app.command(rich_help_panel="Processes")
def relay() -> None:
    """Send what the outbox holds to the broker."""
    from workers import relay as process

    process.run()


@app.command(rich_help_panel="Processes")
def sweeper() -> None:
    """Find sagas that do not move, and send again what they are missing."""
    from workers import sweeper as process

    process.run()


@app.command(rich_help_panel="Processes")
def flower(host: Host = "127.0.0.1", port: Port = 5555, trusted_host: TrustedHosts = None) -> None:
    """Serve Flower, the window on Celery's tasks; FLOWER_* variables set the rest."""
    from ops import flower as process

    process.serve(host, port, trusted_hosts=tuple(trusted_host or ()))


@app.command(rich_help_panel="Stand-ins")
def sandbox(  # noqa: PLR0917
    host: Host = "127.0.0.1",
    port: Port = 8026,
    ledger: Annotated[Path, typer.Option(help="File of its books.")] = Path("sandbox.db"),
    slow_seconds: Annotated[float, typer.Option(help="How long the slow card takes.", min=0)] = 2.0,
    silent_seconds: Annotated[float, typer.Option(help="How long the silent card is not answered.", min=0)] = 30.0,
    trusted_host: TrustedHosts = None,
) -> None:
    """Serve the payment sandbox, which speaks the provider's protocol and moves no money."""
    from ops import sandbox as process

    timing = {"slow_seconds": slow_seconds, "silent_seconds": silent_seconds}
    process.serve(host, port, ledger, trusted_hosts=tuple(trusted_host or ()), **timing)


@app.command(rich_help_panel="Stand-ins")
def inbox(
    host: Host = "127.0.0.1",
    smtp_port: Port = 1025,
    http_port: Port = 8025,
    maildir: Annotated[Path, typer.Option(help="Directory of the mails.")] = Path("mail"),
    trusted_host: TrustedHosts = None,
) -> None:
    """Take every mail and show it on a web page instead of delivering it."""
    from ops import inbox as process

    process.serve(host, smtp_port, http_port, maildir, trusted_hosts=tuple(trusted_host or ()))


@app.command(rich_help_panel="Upkeep")
def migrate(as_json: Json = False) -> None:
    """Bring the database to the newest schema and let the app and the operator log in; safe to repeat."""
    from kit.config import settings
    from migrations import run

    require = settings().require
    migrated = run.upgrade(
        owner_url=require("owner_database_url"),
        app_url=require("database_url"),
        operator_url=require("operator_database_url"),
    )
    newest = "The database is at the newest schema."
    newer = "The database was migrated by a newer release: nothing was changed."
    if as_json:
        print_json({"migrated": migrated})
    else:
        print(newest if migrated else newer)


@app.command(rich_help_panel="Upkeep")
def check(
    at_rest: Annotated[bool, typer.Option(help="Also: nothing is on its way, every saga has ended.")] = False,
    provider: Annotated[bool, typer.Option(help="Compare with the payment provider's books, too.")] = True,
    wait: Annotated[float, typer.Option(help="Seconds that things may take to come to rest.", min=0)] = 0.0,
    as_json: Json = False,
) -> None:
    """Prove the books of all companies; exit 1 and name the rows when anything is off."""
    from ops.commands import check as command

    if not command.prove(at_rest=at_rest, provider=provider, wait=wait, as_json=as_json):
        sys.exit(1)


@app.command(rich_help_panel="Upkeep")
def reconcile(
    since: Annotated[
        datetime | None, typer.Option(help="Of payments made since then (UTC).", show_default="a week ago")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    as_json: Json = False,
) -> None:
    """Give back what the provider holds or took for orders that are unknown or not paid here, after a restore, say."""
    from kit import clock
    from ops.commands import reconcile as command

    begin = since.replace(tzinfo=UTC) if since else clock.now() - timedelta(days=7)
    if not command.put_right(since=begin, dry_run=dry_run, as_json=as_json):
        sys.exit(1)


app.add_typer(account.app, name="account", rich_help_panel="Upkeep")
app.add_typer(saga.app, name="saga", rich_help_panel="Upkeep")
app.add_typer(dead.app, name="dead", rich_help_panel="Upkeep")


def main() -> None:
    """Run the command; what is wrong is one line on stderr and exit code 1 (2: how the command was written)."""
    output.prepare()
    home.use_running_stack(sys.argv[1:])
    reads.forget_others(next(iter(sys.argv[1:]), ""))
    failures.told_in_one_line(app)


if __name__ == "__main__":
    main()
