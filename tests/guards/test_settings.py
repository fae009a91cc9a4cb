"""Every command declares the settings it reads, and every setting is declared by a command."""

import pytest
import typer

from kit.config import Settings
from ops import cli, command_settings
from tests.guards.compose_file import OURS, environment
from workers import queues

HAND_OUT_ALL = {"up", "demo", "chaos"}


class TestDeclarations:
    def test_exist_for_every_command_except_supervisors(self):
        commands = typer.main.get_command(cli.app).commands
        assert command_settings.SETTINGS_BY_COMMAND.keys() == commands.keys() - HAND_OUT_ALL

    def test_name_every_setting_there_is_and_no_other(self):
        by_command, by_queue = command_settings.SETTINGS_BY_COMMAND, command_settings.SETTINGS_BY_QUEUE
        declared = set().union(*by_command.values(), *by_queue.values(), {"log_level"})
        assert declared == set(Settings.model_fields)

    def test_name_queues_there_are(self):
        assert command_settings.SETTINGS_BY_QUEUE.keys() <= set(queues.NAMES)

    def test_give_a_worker_what_its_queues_need(self):
        key, server = "ORDERX_PAYMENT_API_KEY", "ORDERX_SMTP_URL"
        expected = {"": {key, server}, "inventory": set(), "inventory,payments": {key}, "notifications": {server}}
        for named, needed in expected.items():
            words = ["worker", *(["--queues", named] if named else [])]
            assert {key, server} & command_settings.declared(words) == needed, named


class TestCompose:
    @pytest.mark.parametrize("service", OURS)
    def test_gives_a_service_nothing_that_its_command_does_not_read(self, service):
        given = {name for name in environment(service) if name.startswith("ORDERX_")}
        words = OURS[service]["command"]
        wanted = (
            set().union(*(command_settings.declared([word]) for word in command_settings.OPERATOR_COMMANDS))
            if service == "ops"
            else command_settings.declared(words)
        )
        assert given <= wanted


class TestForgetting:
    def test_takes_away_what_the_command_does_not_read(self, monkeypatch):
        given = dict.fromkeys(("ORDERX_BROKER_URL", "ORDERX_SECRET_KEY", "ORDERX_FAILPOINTS_DIR", "OTHER_KEY"), "x")
        environ = dict(given)
        monkeypatch.setattr(command_settings.os, "environ", environ)
        command_settings.remove_undeclared("dead")
        assert environ.keys() == given.keys() - {"ORDERX_SECRET_KEY"}

    def test_leaves_everything_to_supervisors(self, monkeypatch):
        environ = {"ORDERX_SECRET_KEY": "x"}
        monkeypatch.setattr(command_settings.os, "environ", environ)
        command_settings.remove_undeclared("up")
        assert environ == {"ORDERX_SECRET_KEY": "x"}
