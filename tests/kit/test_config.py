import pytest

from kit.config import settings
from kit.errors import NotConfigured

LOGIN = "postgresql://user[:password]@host[:port]/database"
INVALID = {
    "DATABASE_URL": ("mysql://app@db/orderx", LOGIN),
    "OPERATOR_DATABASE_URL": ("postgresql://db/orderx", LOGIN),
    "OWNER_DATABASE_URL": ("postgresql+psycopg://owner@db/orderx", LOGIN),
    "LISTEN_URL": ("postgresql://app@db:port/orderx", LOGIN),
    "BROKER_URL": ("amqp://mq:port//", "amqp://[user:password@]host[:port]//, or redis://…"),
    "RATE_LIMIT_URL": ("redis:///0", "redis://[user:password@]host:port/0, or rediss:// for TLS"),
    "SMTP_URL": ("mail.example:25", "smtp+starttls://host, smtps:// or smtp://"),
    "MAIL_FROM": ("Paper & Sons", "name@host, or Name <name@host>"),
    "PAYMENT_API_BASE": ("api.stripe.com", "https://host[:port][/path], or http://…"),
    "ALERT_WEBHOOK_URL": ("hooks.example", "https://host[:port][/path], or http://…"),
}
VALID = {
    "DATABASE_URL": ["postgresql://app:hush@db:5432/orderx", "postgresql://app@/orderx?host=/run/postgresql"],
    "OWNER_DATABASE_URL": ["postgresql://app@db,standby/orderx", "postgresql://app@/orderx?host=db,standby&port=1,2"],
    "BROKER_URL": ["amqp://u:p@mq:5672//", "amqps://mq", "redis://127.0.0.1:6379/0"],
    "RATE_LIMIT_URL": ["rediss://:hush@valkey:6379/0"],
    "SMTP_URL": ["smtps://u:p@mail.example", "smtp+starttls://mail.example:587"],
    "MAIL_FROM": ["orders@paper.example", "Paper & Sons <orders@paper.example>"],
    "ALERT_WEBHOOK_URL": ["https://hooks.example/orderx?to=us"],
}


@pytest.fixture
def configure(monkeypatch):
    def configuring(name, value):
        monkeypatch.setenv(f"ORDERX_{name}", value)
        settings.cache_clear()

    yield configuring
    settings.cache_clear()


class TestSettings:
    @pytest.mark.parametrize("name", INVALID)
    def test_that_are_invalid_are_reported_with_what_is_expected_and_without_their_value(self, configure, name):
        value, expected = INVALID[name]
        configure(name, value)
        with pytest.raises(NotConfigured) as raised:
            settings()
        assert raised.value.message == f"ORDERX_{name}: expected {expected}"

    @pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in VALID.items() for value in values])
    def test_that_are_valid_are_returned_unchanged(self, configure, name, value):
        configure(name, value)
        assert settings().require(name.lower()) == value

    def test_that_are_empty_count_as_not_set(self, configure):
        configure("BROKER_URL", "")
        with pytest.raises(NotConfigured, match="ORDERX_BROKER_URL is not set"):
            settings().require("broker_url")
