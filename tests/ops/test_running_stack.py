"""Commands find the stack that `orderx up` runs in the current folder."""

import os

import pytest

from ops import running_stack
from ops.running_stack import NotRunning
from ops.services import directories

OPERATOR, BROKER = "ORDERX_OPERATOR_DATABASE_URL", "ORDERX_BROKER_URL"
PUBLISHED = {OPERATOR: "postgresql://o:it's@db/shop", BROKER: "amqp://u:p@mq//", "ORDERX_SECRET_KEY": "s" * 32}


@pytest.fixture
def folder(monkeypatch):
    """The folder one is in, without any setting."""
    for name in [name for name in os.environ if name.startswith("ORDERX_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(running_stack.os, "environ", dict(os.environ))
    with directories.temporary("orderx-test-") as path:
        monkeypatch.chdir(path)
        yield path
        monkeypatch.undo()  # before the folder is removed


@pytest.fixture
def running(folder):
    """The directory of a stack that runs there."""
    with running_stack.lock(running_stack.default_directory()) as here:
        running_stack.write_settings_and_urls(here, settings=PUBLISHED, urls={"api": "http://127.0.0.1:8000"})
        yield here


def settings():
    return {name: value for name, value in running_stack.os.environ.items() if name.startswith("ORDERX_")}


class TestUseSettings:
    def test_gives_a_command_the_settings_it_reads(self, running):
        running_stack.use_settings(["dead", "list"])
        assert settings() == {BROKER: PUBLISHED[BROKER]}

    def test_reads_the_file_as_a_shell_does(self, running):
        running_stack.use_settings(["saga", "list"])
        assert settings() == {OPERATOR: PUBLISHED[OPERATOR]}

    def test_does_not_mix_with_settings_of_the_environment(self, running):
        running_stack.os.environ["ORDERX_PAYMENT_API_KEY"] = "sk_live_of_another_database"
        running_stack.use_settings(["check"])
        assert settings() == {"ORDERX_PAYMENT_API_KEY": "sk_live_of_another_database"}

    @pytest.mark.parametrize("words", [[], ["api"], ["worker"], ["migrate"], ["--help"]])
    def test_does_not_affect_other_commands(self, running, words):
        running_stack.use_settings(words)
        assert settings() == {}

    def test_ignores_the_files_of_a_killed_stack(self, folder):
        with running_stack.lock(running_stack.default_directory()) as here:
            running_stack.write_settings_and_urls(here, settings=PUBLISHED, urls={})
        running_stack.use_settings(["dead", "list"])
        assert settings() == {}

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
    @pytest.mark.parametrize("name", ["", "env"])
    def test_ignores_files_that_other_users_can_write(self, running, name):
        os.chown(running / name, 65534, 65534)
        running_stack.use_settings(["dead", "list"])
        assert settings() == {}


class TestUrls:
    def test_are_those_of_the_stack_that_runs(self, running):
        assert running_stack.urls(running) == {"api": "http://127.0.0.1:8000"}

    def test_do_not_exist_while_no_stack_runs(self, folder):
        with running_stack.lock(running_stack.default_directory()) as here:
            with pytest.raises(NotRunning):
                running_stack.urls(here)
            running_stack.write_settings_and_urls(here, settings={}, urls={})
            running_stack.delete_settings_and_urls(here)
            with pytest.raises(NotRunning):
                running_stack.urls(here)
