import pytest

from kit import db
from kit.config import settings
from kit.errors import NotConfigured
from kit.tenancy import Tenant
from tests.connections import reconnect


@pytest.fixture
def swapped(database, monkeypatch):
    """Gives one setting the login of another one."""

    def swapping(setting, other):
        monkeypatch.setenv(f"ORDERX_{setting.upper()}", settings().require(other))
        reconnect()

    yield swapping
    monkeypatch.undo()
    reconnect()


class TestRequireGroup:
    @pytest.mark.parametrize("other", ["database_url", "owner_database_url"])
    def test_refuses_another_login_as_the_operators(self, swapped, other):
        swapped("operator_database_url", other)
        refused = "ORDERX_OPERATOR_DATABASE_URL must be a member of orderx_operator and of no other group"
        with pytest.raises(NotConfigured, match=refused), db.operator_transaction():
            pass

    @pytest.mark.parametrize("other", ["operator_database_url", "owner_database_url"])
    def test_refuses_another_login_as_the_apps(self, swapped, other):
        swapped("database_url", other)
        refused = "ORDERX_DATABASE_URL must be a member of orderx_app and of no other group"
        with pytest.raises(NotConfigured, match=refused), db.transaction(Tenant()):
            pass
