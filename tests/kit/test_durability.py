import os
from urllib.parse import quote

import pytest

from kit.durability import POSTGRESQL, weaknesses


@pytest.fixture
def forgetting():
    """The app's URL of a session with a weak setting."""

    def url(setting: str, value: str) -> str:
        return f"{os.environ['ORDERX_DATABASE_URL']}?options={quote(f'-c {setting}={value}')}"

    return url


class TestWeaknesses:
    def test_name_what_is_weak_as_the_app_role_sees_it(self, forgetting):
        assert "synchronous_commit is off" in weaknesses(forgetting("synchronous_commit", "off"))

    @pytest.mark.parametrize("value", ["local", "remote_write"])
    def test_are_there_where_a_commit_does_not_wait_for_the_disk_of_a_standby(self, forgetting, value):
        assert f"synchronous_commit is {value}" in weaknesses(forgetting("synchronous_commit", value))

    def test_are_there_where_a_standby_is_asked_for_and_no_commit_waits_for_one(self, database):
        assert "synchronous_standby_names is empty" in weaknesses(database, replicated=True)
        assert "synchronous_standby_names is empty" not in weaknesses(database)

    @pytest.mark.parametrize("value", ["on", "remote_apply"])
    def test_are_none_where_a_commit_waits_for_the_disk(self, forgetting, value):
        found = weaknesses(forgetting("synchronous_commit", value))
        assert [weak for weak in found if weak.startswith("synchronous_commit")] == []

    def test_are_only_of_settings_that_postgresql_has(self, database):
        settings = {weak.partition(" is ")[0] for weak in weaknesses(database)}
        assert settings <= {need.setting for need in POSTGRESQL}
