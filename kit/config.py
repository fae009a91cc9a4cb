"""Settings, read from `ORDERX_*` environment variables and validated before a process starts."""

import re
from collections.abc import Callable
from functools import cache
from typing import Annotated, TypeVar

from pydantic import (
    AfterValidator,
    AnyUrl,
    Field,
    SecretStr,
    TypeAdapter,
    UrlConstraints,
    ValidationError,
    field_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from kit.errors import NotConfigured

MIN_SECRET_LENGTH = 32
"""Characters."""

Text = TypeVar("Text", str, str | None, SecretStr | None)


def _validator(is_valid: Callable[[str], bool], *, expected: str) -> AfterValidator:
    """Refuse other values, saying what is expected. The value itself stays as it was written."""

    def check(value: Text) -> Text:
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if text and not is_valid(text):
            raise ValueError(f"expected {expected}")
        return value

    return AfterValidator(check)


def _url(*schemes: str) -> Callable[[str], bool]:
    """A test for URLs of these schemes, with a host, and with a number if there is a port."""
    adapter = TypeAdapter(Annotated[AnyUrl, UrlConstraints(allowed_schemes=list(schemes), host_required=True)])

    def is_valid(text: str) -> bool:
        try:
            adapter.validate_python(text)
        except ValidationError:
            return False
        return _WITHOUT_HOST_PATTERN.match(text) is None

    return is_valid


_WITHOUT_HOST_PATTERN = re.compile(r"[^:]+:///")
"""As browsers do, AnyUrl takes the first part of the path for the host of an http URL that has none."""


def _is_postgres_url(text: str) -> bool:
    """Whether it is a URL for SQLAlchemy and libpq, which may name a socket instead of a host, with a user."""
    from sqlalchemy import make_url  # noqa: PLC0415 - slow, and not every process has a database
    from sqlalchemy.exc import ArgumentError  # noqa: PLC0415

    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        return False
    return url.drivername == "postgresql" and bool(url.username) and not re.search(r"\s", text)


def _is_mail_address(text: str) -> bool:
    return bool(re.fullmatch(r"[^<>@\s]+@[^<>@\s]+|[^<>@\r\n]*<[^<>@\s]+@[^<>@\s]+>", text))


Secret = SecretStr | None
PostgresUrl = Annotated[
    Secret, _validator(_is_postgres_url, expected="postgresql://user[:password]@host[:port]/database")
]
BrokerUrl = Annotated[
    Secret,
    _validator(_url("amqp", "amqps", "redis", "rediss"), expected="amqp://[user:password@]host[:port]//, or redis://…"),
]
ValkeyUrl = Annotated[
    Secret,
    _validator(_url("redis", "rediss"), expected="redis://[user:password@]host:port/0, or rediss:// for TLS"),
]
SmtpUrl = Annotated[
    Secret,
    _validator(_url("smtp", "smtps", "smtp+starttls"), expected="smtp+starttls://host, smtps:// or smtp://"),
]
MailAddress = Annotated[str, _validator(_is_mail_address, expected="name@host, or Name <name@host>")]
HTTP = _validator(_url("http", "https"), expected="https://host[:port][/path], or http://…")


class Settings(BaseSettings):
    """Every setting of OrderX. Where one has no default, the process that needs it refuses to start without it."""

    model_config = SettingsConfigDict(
        env_prefix="ORDERX_", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    database_url: PostgresUrl = Field(None, description="PostgreSQL URL of the app role, for the API and workers")
    operator_database_url: PostgresUrl = Field(
        None,
        description="PostgreSQL URL of the operator role, for the relay, the sweeper, the scheduler, workers of the "
        "queue `background` and operator commands; for the API only if super admins may see all companies at once",
    )
    listen_url: PostgresUrl = Field(
        None,
        description="PostgreSQL URL for LISTEN, without a connection pooler; required for the API and the relay if the "
        "URLs above lead to a pooler",
    )
    prepared_statements: str = Field(
        "auto",
        pattern="^(auto|on|off)$",
        description="Use prepared statements; auto: not behind a connection pooler; on: there, too (PgBouncer 1.22+)",
    )
    owner_database_url: PostgresUrl = Field(None, description="PostgreSQL URL of the schema's owner, for migrate")
    broker_url: BrokerUrl = Field(
        None, description="RabbitMQ URL, amqp://…; or redis://…, without the delivery guarantees"
    )
    secret_key: Secret = Field(
        None,
        min_length=MIN_SECRET_LENGTH,
        description="Key for request fingerprints and for encrypting second factors; 32 characters or more",
    )
    signing_keys: Secret = Field(
        None,
        description="Keys for access tokens, separated by commas, of 32 characters or more; the first one signs",
    )
    public_url: str | None = Field(
        None, pattern=r"^https?://[^\s?#]+[^\s?#/]$", description="Public base URL; also the issuer of access tokens"
    )
    trusted_proxies: int = Field(
        0, ge=0, le=5, description="Number of proxies in front of the API that add to X-Forwarded-For"
    )
    cors_origins: str | None = Field(
        None, description="Origins whose pages may call the API from browsers, separated by commas; none if not set"
    )
    rate_limit_url: ValkeyUrl = Field(
        None, description="Valkey URL, redis://…, for counting requests; no rate limits if not set"
    )
    rate_limit_caller: int = Field(600, ge=1, description="Requests per minute of one user or API key")
    rate_limit_company: int = Field(6000, ge=1, description="Requests per minute of one company's users and API keys")
    rate_limit_address: int = Field(300, ge=1, description="Unauthenticated requests per minute from one IP address")
    rate_limit_auth: int = Field(30, ge=1, description="Requests per minute to /api/auth from one IP address")
    decline_limit_customer: int = Field(5, ge=1, description="Declined payments of one customer within ten minutes")
    decline_limit_card: int = Field(
        5, ge=1, description="Declined payments of one card at one company within ten minutes"
    )
    decline_limit_network: int = Field(
        20, ge=1, description="Declined payments from one IP address at one company within ten minutes"
    )
    metrics_token: Secret = Field(
        None,
        min_length=MIN_SECRET_LENGTH,
        description="Bearer token for /metrics, 32 characters or more; readable only from localhost if not set",
    )
    payment_api_base: Annotated[str, HTTP] = Field(
        "https://api.stripe.com", description="Base URL of the payment provider's API"
    )
    payment_api_key: Secret = Field(None, description="Secret key for the payment provider's API")
    payment_timeout: float = Field(10.0, gt=0, description="Seconds to wait for the payment provider")
    calls_per_account: int = Field(
        64, ge=1, le=500, description="Calls to one provider account that a worker makes at a time"
    )
    calls_per_company: int = Field(16, ge=1, le=500, description="Of these, calls for one company")
    smtp_url: SmtpUrl = Field(None, description="smtp://, smtp+starttls:// or smtps://[user:password@]host:port")
    mail_from: MailAddress = Field("OrderX <orders@orderx.example>", description="Sender of all mails")
    pool_size: int = Field(
        10, ge=1, le=500, description="Database connections per process; the API opens two more for health checks"
    )
    journal_days: int = Field(90, ge=1, description="Days to keep the journal of a saga after its end")
    alert_webhook_url: Annotated[Secret, HTTP] = Field(
        None, description="URL to which alerts are posted as JSON; no webhook if not set"
    )
    alert_webhook_secret: Secret = Field(
        None, min_length=16, description="Key that signs the webhook requests; 16 characters or more"
    )
    durability: str = Field(
        "strict",
        pattern="^(strict|replicated|relaxed)$",
        description="strict: refuse a database that may lose committed data; replicated: also require a synchronous "
        "standby; relaxed: check nothing, for tests",
    )
    alive_file: str | None = Field(
        None,
        description="File that worker, relay, sweeper and scheduler touch every second, for health checks; none if "
        "not set",
    )
    sandbox_ports: str | None = Field(
        None,
        pattern="^[1-9][0-9]{0,4}(,[1-9][0-9]{0,4})*$",
        description="Ports of this machine, separated by commas, that addresses given by users may lead to; for "
        "development only, none if not set",
    )
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="Lowest level that is logged")

    @field_validator("signing_keys")
    @classmethod
    def _check_signing_keys(cls, keys: SecretStr | None) -> SecretStr | None:
        secrets = keys.get_secret_value().split(",") if keys else []
        if any(len(secret) < MIN_SECRET_LENGTH or secret != secret.strip() for secret in secrets):
            raise ValueError(
                f"each key must have {MIN_SECRET_LENGTH} characters or more; separate keys by commas without spaces"
            )
        if len(set(secrets)) < len(secrets):
            raise ValueError("the same key is given twice")
        return keys

    @field_validator("cors_origins")
    @classmethod
    def _check_origins(cls, origins: str | None) -> str | None:
        for origin in origins.split(",") if origins else ():
            if not re.fullmatch(r"https?://[a-z0-9.-]+(:[0-9]+)?", origin):
                raise ValueError(
                    "expected https://host or https://host:port in lower case, separated by commas without spaces"
                )
        return origins or None

    def require(self, name: str) -> str:
        """The named setting as text; raises NotConfigured, naming its variable, when it is not set."""
        value = getattr(self, name)
        if value is None:
            description = type(self).model_fields[name].description
            raise NotConfigured(f"ORDERX_{name.upper()} is not set: {description}")
        return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


@cache
def settings() -> Settings:
    """The settings of this process; raises NotConfigured, naming each invalid variable."""
    try:
        return Settings()
    except ValidationError as invalid:
        problems = [
            f"ORDERX_{error['loc'][0]}".upper() + f": {error['msg'].removeprefix('Value error, ')}"
            for error in invalid.errors()
        ]
        raise NotConfigured("; ".join(problems)) from None
