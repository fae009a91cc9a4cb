"""The settings that each command of `orderx` reads. Its process gets only these."""

import os
from collections.abc import Mapping, Sequence

_APP = {"database_url", "pool_size", "prepared_statements"}
_OPERATOR = {"operator_database_url", "pool_size", "prepared_statements"}
_PAYMENTS = {"payment_api_base", "payment_api_key", "payment_timeout"}
_MAILS = {"smtp_url", "mail_from"}
_TOKENS = {"secret_key", "signing_keys", "public_url"}
_RATES = {"rate_limit_url", "rate_limit_caller", "rate_limit_company", "rate_limit_address", "rate_limit_auth"}
_DECLINES = {"decline_limit_customer", "decline_limit_card", "decline_limit_network"}
_ALERTS = {"alert_webhook_url", "alert_webhook_secret"}
_HTTP = {"trusted_proxies", "cors_origins"}

COMMANDS: dict[str, set[str]] = {
    "api": {
        *_APP,
        "operator_database_url",
        "broker_url",
        "durability",
        *_PAYMENTS,
        *_TOKENS,
        *_RATES,
        *_DECLINES,
        *_HTTP,
        "metrics_token",
        "listen_url",
    },
    "worker": {*_APP, "alive_file", "broker_url", "durability", "metrics_token"},
    "relay": {*_OPERATOR, "alive_file", "listen_url", "broker_url", "durability"},
    "sweeper": {*_OPERATOR, *_APP, "alive_file", "broker_url", "durability", *_ALERTS},
    "scheduler": {*_OPERATOR, "alive_file", "durability"},
    "flower": {"broker_url"},
    "sandbox": {"payment_api_key"},
    "inbox": set(),
    "migrate": {"owner_database_url", "database_url", "operator_database_url"},
    "check": {*_OPERATOR, *_PAYMENTS, "journal_days"},
    "reconcile": {*_OPERATOR, *_APP, *_PAYMENTS},
    "account": {*_APP, "public_url"},
    "saga": {*_OPERATOR, *_APP},
    "dead": {"broker_url"},
    "events": {*_OPERATOR, *_APP},
    "schedules": set(_OPERATOR),
    "jobs": set(_OPERATOR),
    "permissions": set(),
    "urls": set(),
}
"""By the command's name. `up`, `demo` and `chaos` are missing: they pass each process its settings."""

OPERATOR_COMMANDS = ("account", "check", "events", "reconcile", "saga", "dead", "schedules", "jobs")
"""Commands for operators. In the folder of a running stack they use its settings (ops/running_stack.py)."""

QUEUES: dict[str, set[str]] = {
    "saga": _PAYMENTS | _DECLINES,
    "payments": _PAYMENTS | _DECLINES,
    "notifications": _MAILS,
    "notification.events": _MAILS,
    "background": {"operator_database_url", "journal_days"},
}
"""Additional settings for workers of a queue."""

_TEST_VARIABLES = frozenset({"ORDERX_FAILPOINTS_DIR", "ORDERX_EXAMPLE_SAGAS"})
"""The directory of kit/process/failpoints.py, and modules for saga/registry.py. They are no settings: only tests and
chaos runs set them."""


def declared(args: Sequence[str]) -> set[str]:
    """The variables that a command reads; for a worker, including those of the queues after `--queues`."""
    names = COMMANDS[args[0]] | {"log_level"}
    if args[0] == "worker":
        queues = args[args.index("--queues") + 1].split(",") if "--queues" in args else QUEUES
        names = names.union(*(QUEUES.get(queue, set()) for queue in queues))
    return {f"ORDERX_{name.upper()}" for name in names}


def settings_for(args: Sequence[str], env: Mapping[str, str]) -> dict[str, str]:
    """The part of an environment that a command reads."""
    return {name: env[name] for name in declared(args) & env.keys()}


def without_settings(env: Mapping[str, str]) -> dict[str, str]:
    """An environment without the settings of OrderX and Flower."""
    return {name: value for name, value in env.items() if name in _TEST_VARIABLES or not _is_setting(name)}


def remove_undeclared(command: str) -> None:
    """Remove settings that the command does not declare from the environment, so that no code can read them."""
    if command in COMMANDS:
        kept = declared([command]) | _TEST_VARIABLES
        for name in [name for name in os.environ if name.startswith("ORDERX_") and name not in kept]:
            del os.environ[name]


def _is_setting(name: str) -> bool:
    return name.startswith(("ORDERX_", "FLOWER_"))
