"""The settings that each command of `orderx` reads. Its process gets only these."""

import os
from collections.abc import Mapping, Sequence

_APP_SETTINGS = {"database_url", "pool_size", "prepared_statements"}
_OPERATOR_SETTINGS = {"operator_database_url", "pool_size", "prepared_statements"}
_PAYMENT_SETTINGS = {
    "payment_api_base", "payment_api_key", "payment_timeout", "calls_per_account", "calls_per_company",
}  # fmt: skip
_MAIL_SETTINGS = {"smtp_url", "mail_from"}
_TOKEN_SETTINGS = {"secret_key", "signing_keys", "public_url"}
_RATE_LIMIT_SETTINGS = {
    "rate_limit_url", "rate_limit_caller", "rate_limit_company", "rate_limit_address", "rate_limit_auth",
}  # fmt: skip
_DECLINE_LIMIT_SETTINGS = {"decline_limit_customer", "decline_limit_card", "decline_limit_network"}
_ALERT_SETTINGS = {"alert_webhook_url", "alert_webhook_secret"}
_HTTP_SETTINGS = {"trusted_proxies", "cors_origins"}

SETTINGS_BY_COMMAND: dict[str, set[str]] = {
    "api": {
        *_APP_SETTINGS,
        "operator_database_url",
        "broker_url",
        "durability",
        *_PAYMENT_SETTINGS,
        *_TOKEN_SETTINGS,
        *_RATE_LIMIT_SETTINGS,
        *_DECLINE_LIMIT_SETTINGS,
        *_HTTP_SETTINGS,
        "metrics_token",
        "listen_url",
    },
    "worker": {*_APP_SETTINGS, "alive_file", "broker_url", "durability", "metrics_token"},
    "relay": {*_OPERATOR_SETTINGS, "alive_file", "listen_url", "broker_url", "durability"},
    "sweeper": {*_OPERATOR_SETTINGS, *_APP_SETTINGS, "alive_file", "broker_url", "durability", *_ALERT_SETTINGS},
    "scheduler": {*_OPERATOR_SETTINGS, "alive_file", "durability"},
    "flower": {"broker_url"},
    "sandbox": {"payment_api_key"},
    "inbox": set(),
    "migrate": {"owner_database_url", "database_url", "operator_database_url"},
    "check": {*_OPERATOR_SETTINGS, *_PAYMENT_SETTINGS, "journal_days"},
    "reconcile": {*_OPERATOR_SETTINGS, *_APP_SETTINGS, *_PAYMENT_SETTINGS},
    "account": {*_APP_SETTINGS, "public_url"},
    "saga": {*_OPERATOR_SETTINGS, *_APP_SETTINGS},
    "dead": {"broker_url"},
    "events": {*_OPERATOR_SETTINGS, *_APP_SETTINGS},
    "schedules": set(_OPERATOR_SETTINGS),
    "jobs": set(_OPERATOR_SETTINGS),
    "import": set(_APP_SETTINGS),
    "permissions": set(),
    "urls": set(),
}
"""By the command's name. `up`, `demo` and `chaos` are missing: they pass each process its settings."""

OPERATOR_COMMANDS = ("account", "check", "events", "reconcile", "saga", "dead", "schedules", "jobs", "import")
"""Commands for operators. In the folder of a running stack they use its settings (ops/running_stack.py)."""

SETTINGS_BY_QUEUE: dict[str, set[str]] = {
    "saga": _PAYMENT_SETTINGS | _DECLINE_LIMIT_SETTINGS,
    "payments": _PAYMENT_SETTINGS | _DECLINE_LIMIT_SETTINGS,
    "notifications": _MAIL_SETTINGS,
    "notification.events": _MAIL_SETTINGS,
    "background": {"operator_database_url", "journal_days", "sandbox_ports"},
}
"""Additional settings for workers of a queue."""

_TEST_VARIABLES = frozenset({"ORDERX_FAILPOINTS_DIR", "ORDERX_EXAMPLE_SAGAS"})
"""The directory of kit/process/failpoints.py, and modules for saga/registry.py. They are no settings: only tests and
chaos runs set them."""


def declared(args: Sequence[str]) -> set[str]:
    """The variables that a command reads; for a worker, including those of the queues after `--queues`."""
    names = SETTINGS_BY_COMMAND[args[0]] | {"log_level"}
    if args[0] == "worker":
        queues = args[args.index("--queues") + 1].split(",") if "--queues" in args else SETTINGS_BY_QUEUE
        names = names.union(*(SETTINGS_BY_QUEUE.get(queue, set()) for queue in queues))
    return {f"ORDERX_{name.upper()}" for name in names}


def settings_for(args: Sequence[str], env: Mapping[str, str]) -> dict[str, str]:
    """The part of an environment that a command reads."""
    return {name: env[name] for name in declared(args) & env.keys()}


def without_settings(env: Mapping[str, str]) -> dict[str, str]:
    """An environment without the settings of OrderX and Flower."""
    return {name: value for name, value in env.items() if name in _TEST_VARIABLES or not _is_setting(name)}


def remove_undeclared(command: str) -> None:
    """Remove settings that the command does not declare from the environment, so that no code can read them."""
    if command in SETTINGS_BY_COMMAND:
        kept = declared([command]) | _TEST_VARIABLES
        for name in [name for name in os.environ if name.startswith("ORDERX_") and name not in kept]:
            del os.environ[name]


def _is_setting(name: str) -> bool:
    return name.startswith(("ORDERX_", "FLOWER_"))
