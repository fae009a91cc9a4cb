import os
from urllib.parse import quote

import pytest

from kit.db.durability import POSTGRESQL_REQUIREMENTS, violations


@pytest.fixture
def login_with():
    """The app role's URL for sessions with this setting."""

    def url(setting: str, value: str) -> str:
        return f"{os.environ['ORDERX_DATABASE_URL']}?options={quote(f'-c {setting}={value}')}"

    return url


class TestViolations:
    def test_are_those_of_the_sessions_of_the_app_role(self, login_with):
        assert "synchronous_commit is off" in violations(login_with("synchronous_commit", "off"))

    @pytest.mark.parametrize("value", ["local", "remote_write"])
    def test_name_a_commit_that_does_not_wait_for_the_disk_of_a_standby(self, login_with, value):
        assert f"synchronous_commit is {value}" in violations(login_with("synchronous_commit", value))

    def test_name_missing_standbys_where_replication_is_required(self, database):
        assert "synchronous_standby_names is empty" in violations(database, replicated=True)
        assert "synchronous_standby_names is empty" not in violations(database)

    @pytest.mark.parametrize("value", ["on", "remote_apply"])
    def test_allow_a_commit_that_waits_for_the_disk(self, login_with, value):
        found = violations(login_with("synchronous_commit", value))
        assert [violation for violation in found if violation.startswith("synchronous_commit")] == []

    def test_are_only_of_settings_that_postgresql_has(self, database):
        settings = {violation.partition(" is ")[0] for violation in violations(database)}
        assert settings <= {requirement.setting for requirement in POSTGRESQL_REQUIREMENTS}
