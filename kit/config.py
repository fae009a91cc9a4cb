"""Settings, read from `ORDERX_*` environment variables and checked before anything starts."""

import re
from functools import cache
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from kit.errors import NotConfigured

SHORTEST_SECRET = 32
"""Characters."""

Text = TypeVar("Text", str, str | None, SecretStr | None)


def _like(pattern: str, *, say: str) -> AfterValidator:
    """Whoever sets it to something else, or to a URL with an odd host or port, is told what to say."""

    def check(value: Text) -> Text:
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if text and not (re.fullmatch(pattern, text) and _can_be_split(text)):
            raise ValueError(f"say {say}")
        return value

    return AfterValidator(check)


def _can_be_split(url: str) -> bool:
    try:
        urlsplit(url).port  # noqa: B018 - it raises
    except ValueError:
        return False
    return True


Secret = SecretStr | None
Login = Annotated[Secret, _like(r"postgresql://[^/@\s]+@\S+", say="postgresql://user[:password]@host[:port]/database")]
Broker = Annotated[Secret, _like(r"(amqps?|rediss?)://\S+", say="amqp://[user:password@]host[:port]//, or redis://…")]
Valkey = Annotated[
    Secret, _like(r"rediss?://[^/\s]\S*", say="redis://[user:password@]host:port/0, or rediss:// for TLS")
]
MailServer = Annotated[
    Secret, _like(r"smtp(s|\+starttls)?://[^/\s]\S*", say="smtp+starttls://host, smtps:// or smtp://")
]
Sender = Annotated[
    str, _like(r"[^<>@\s]+@[^<>@\s]+|[^<>@\r\n]*<[^<>@\s]+@[^<>@\s]+>", say="name@host, or Name <name@host>")
]
HTTP = _like(r"https?://[^/\s]\S*", say="https://host[:port][/path], or http://…")


class Settings(BaseSettings):
    """Every setting OrderX knows. Those without a default are asked for by the process that needs them."""

    model_config = SettingsConfigDict(
        env_prefix="ORDERX_", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    database_url: Login = Field(None, description="PostgreSQL as the app role: API and workers")
    operator_database_url: Login = Field(None, description="PostgreSQL as the operator role: relay, sweeper, check")
    listen_url: Login = Field(
        None, description="PostgreSQL itself, to be woken by it, where the URL above leads to a pooler: API and relay"
    )
    prepared_statements: str = Field(
        "auto", pattern="^(auto|on|off)$", description="auto: not behind a pooler; on behind one takes PgBouncer 1.22"
    )
    owner_database_url: Login = Field(None, description="PostgreSQL as the schema's owner: migrate")
    broker_url: Broker = Field(None, description="amqp://… (or redis://… without the guarantees)")
    secret_key: Secret = Field(
        None,
        min_length=SHORTEST_SECRET,
        description="Keys the fingerprints of requests and seals second factors; 32 characters or more",
    )
    signing_keys: Secret = Field(
        None,
        description="Sign access tokens: secrets of 32 characters or more, by commas; the first signs, all verify",
    )
    public_url: str | None = Field(
        None, pattern=r"^https?://[^\s?#]+[^\s?#/]$", description="Where people reach OrderX; who issues access tokens"
    )
    trusted_proxies: int = Field(
        0, ge=0, le=5, description="Proxies before the API, each of which tells it by X-Forwarded-For who asks"
    )
    cors_origins: str | None = Field(
        None, description="Sites whose pages may call the API from browsers, by commas; none unless set"
    )
    rate_limit_url: Valkey = Field(
        None, description="redis://… of the Valkey that counts requests; nobody is limited unless set"
    )
    rate_limit_caller: int = Field(600, ge=1, description="Requests a minute of one user or API key")
    rate_limit_company: int = Field(6000, ge=1, description="Requests a minute of all who act for one company")
    rate_limit_address: int = Field(300, ge=1, description="Requests a minute from one address without a good token")
    rate_limit_auth: int = Field(30, ge=1, description="Of these, to /api/auth")
    decline_limit_customer: int = Field(5, ge=1, description="Declined payments of one customer within ten minutes")
    decline_limit_card: int = Field(5, ge=1, description="The same, of one card at one company")
    decline_limit_network: int = Field(20, ge=1, description="The same, from one network address at one company")
    metrics_token: Secret = Field(
        None,
        min_length=SHORTEST_SECRET,
        description="What Prometheus sends to read /metrics, 32 characters or more; only this machine may unless set",
    )
    payment_api_base: Annotated[str, HTTP] = Field(
        "https://api.stripe.com", description="Where the payment provider's API answers"
    )
    payment_api_key: Secret = Field(None, description="The payment provider's secret key")
    payment_timeout: float = Field(10.0, gt=0, description="Seconds to wait for the payment provider")
    smtp_url: MailServer = Field(None, description="smtp://, smtp+starttls:// or smtps://[user:password@]host:port")
    mail_from: Sender = Field("OrderX <orders@orderx.example>", description="Sender of every mail")
    pool_size: int = Field(
        10, ge=1, le=500, description="Database connections a process may hold; the API has two more for its probes"
    )
    journal_days: int = Field(90, ge=1, description="Days an ended saga's journal is kept")
    alert_webhook_url: Annotated[Secret, HTTP] = Field(
        None, description="Where alerts are posted as JSON; none unless set"
    )
    alert_webhook_secret: Secret = Field(
        None, min_length=16, description="Signs what is posted there; 16 characters or more"
    )
    durability: str = Field(
        "strict",
        pattern="^(strict|replicated|relaxed)$",
        description="replicated: ask for a synchronous standby, too; relaxed: start even on a database that may lose "
        "what it has confirmed, as tests may",
    )
    alive_file: str | None = Field(
        None, description="A file that worker, relay and sweeper touch each second while they go on; none unless set"
    )
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="Least level logged")

    @field_validator("signing_keys")
    @classmethod
    def _each_is_long_and_there_once(cls, keys: SecretStr | None) -> SecretStr | None:
        secrets = keys.get_secret_value().split(",") if keys else []
        if any(len(secret) < SHORTEST_SECRET or secret != secret.strip() for secret in secrets):
            raise ValueError(f"each key must have {SHORTEST_SECRET} characters or more, with commas between them alone")
        if len(set(secrets)) < len(secrets):
            raise ValueError("a key is there twice")
        return keys

    @field_validator("cors_origins")
    @classmethod
    def _each_is_an_origin(cls, origins: str | None) -> str | None:
        for origin in origins.split(",") if origins else ():
            if not re.fullmatch(r"https?://[a-z0-9.-]+(:[0-9]+)?", origin):
                raise ValueError(
                    "say https://host or https://host:port, in small letters, with commas between them alone"
                )
        return origins or None

    def need(self, name: str) -> str:
        """The named setting as text; raises NotConfigured, naming the variable to set, when it is missing."""
        value = getattr(self, name)
        if value is None:
            about = type(self).model_fields[name].description
            raise NotConfigured(f"ORDERX_{name.upper()} is not set: {about}")
        return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


@cache
def settings() -> Settings:
    """The settings of this process; raises NotConfigured with one line per wrong variable."""
    try:
        return Settings()
    except ValidationError as invalid:
        told = [(f"ORDERX_{e['loc'][0]}".upper(), e["msg"].removeprefix("Value error, ")) for e in invalid.errors()]
        lines = [f"{name}: {what}" for name, what in told]
        raise NotConfigured("; ".join(lines)) from None
