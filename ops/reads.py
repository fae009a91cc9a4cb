"""Which settings each command of `orderx` reads: its process is given these and no others."""

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
    "sweeper": {*_OPERATOR, *_APP, "alive_file", "broker_url", "durability", "journal_days", *_ALERTS},
    "flower": {"broker_url"},
    "sandbox": {"payment_api_key"},
    "inbox": set(),
    "migrate": {"owner_database_url", "database_url", "operator_database_url"},
    "check": {*_OPERATOR, *_PAYMENTS, "journal_days"},
    "reconcile": {*_OPERATOR, *_APP, *_PAYMENTS},
    "account": {*_APP, "public_url"},
    "saga": {*_OPERATOR, *_APP},
    "dead": {"broker_url"},
    "urls": set(),
}
"""By the command's first word. `up`, `demo` and `chaos` are not here: they hand each process its own settings."""

UPKEEP = ("account", "check", "reconcile", "saga", "dead")
"""What an operator does; in the folder of a running stack, with its settings (ops/home.py)."""

QUEUES: dict[str, set[str]] = {
    "saga": _PAYMENTS | _DECLINES,
    "payments": _PAYMENTS | _DECLINES,
    "notifications": _MAILS,
    "notification.events": _MAILS,
}
"""What a worker of a queue reads beside what every worker reads."""

_FOR_TESTS = "ORDERX_CRASH_DIR"
"""The directory of kit/process/failpoints.py: no setting, and set by tests alone."""


def declared(words: Sequence[str]) -> set[str]:
    """The variables that a command reads; of a worker, what the queues after `--queues` need."""
    names = COMMANDS[words[0]] | {"log_level"}
    if words[0] == "worker":
        queues = words[words.index("--queues") + 1].split(",") if "--queues" in words else QUEUES
        names = names.union(*(QUEUES.get(queue, set()) for queue in queues))
    return {f"ORDERX_{name.upper()}" for name in names}


def settings_for(words: Sequence[str], env: Mapping[str, str]) -> dict[str, str]:
    """The settings in an environment that a command reads."""
    return {name: env[name] for name in declared(words) & env.keys()}


def without_settings(env: Mapping[str, str]) -> dict[str, str]:
    """An environment without the settings of OrderX and Flower."""
    return {name: value for name, value in env.items() if name == _FOR_TESTS or not _is_setting(name)}


def forget_others(command: str) -> None:
    """Remove from this process's environment what the command has not declared, so that nothing reads it unnoticed."""
    if command in COMMANDS:
        kept = declared([command]) | {_FOR_TESTS}
        for name in [name for name in os.environ if name.startswith("ORDERX_") and name not in kept]:
            del os.environ[name]


def _is_setting(name: str) -> bool:
    return name.startswith(("ORDERX_", "FLOWER_"))
