"""docker-compose.yml agrees with the code: commands, queues, settings, secrets, start order."""

import re

import pytest

from api.sales.request_headers import MAX_WAIT_SECONDS
from kit.config import Settings
from kit.db.session_settings import SETTINGS
from ops.commands.api import GRACEFUL_SECONDS
from tests.guards.cli_parsing import parse_command
from tests.guards.compose_file import COMPOSE, OURS, SERVICES, environment, grace_period, listened_on, plain, texts
from tests.guards.source_tree import ROOT
from workers import queues
from workers.outbox.publisher import BATCH_TIMEOUT


class TestCommands:
    @pytest.mark.parametrize("service", OURS)
    def test_are_commands_of_orderx_with_options_it_has(self, service):
        parse_command(OURS[service]["command"])

    @pytest.mark.parametrize("service", [name for name in OURS if listened_on(name)])
    def test_listen_where_other_containers_can_reach_them(self, service):
        assert parse_command(OURS[service]["command"])[1]["host"] == "0.0.0.0"

    def test_start_every_process_there_is(self):
        started = {parse_command(service["command"])[0] for service in OURS.values()}
        assert {"api", "worker", "relay", "sweeper", "scheduler", "flower", "migrate", "sandbox"} <= started


class TestQueues:
    def test_have_one_service_each(self):
        worked_on = [
            queue
            for service in OURS.values()
            for name, options in [parse_command(service["command"])]
            if name == "worker"
            for queue in options["queues"].split(",")
        ]
        assert sorted(worked_on) == sorted(queues.NAMES)


class TestSettings:
    def test_are_settings_there_are(self):
        given = {name for service in SERVICES for name in environment(service) if name.startswith("ORDERX_")}
        assert given <= {f"ORDERX_{name.upper()}" for name in Settings.model_fields}

    @pytest.mark.parametrize(
        ("setting", "holders"),
        [
            ("ORDERX_OWNER_DATABASE_URL", {"migrate"}),
            ("ORDERX_OPERATOR_DATABASE_URL", {"migrate", "relay", "sweeper", "scheduler", "worker-background", "ops"}),
            ("ORDERX_SECRET_KEY", {"api"}),
            ("ORDERX_SIGNING_KEYS", {"api"}),
            ("ORDERX_PAYMENT_API_KEY", {"api", "worker-saga", "worker-payments", "sandbox", "ops"}),
            ("ORDERX_ALERT_WEBHOOK_SECRET", {"sweeper"}),
            ("ORDERX_SMTP_URL", {"worker-notifications", "worker-notification-events"}),
        ],
    )
    def test_that_are_secret_are_given_to_services_that_need_them(self, setting, holders):
        assert {service for service in SERVICES if setting in environment(service)} == holders

    def test_give_the_app_role_to_all_who_do_business(self):
        doing_business = {name for name in OURS if name.startswith("worker-")} | {"api", "sweeper", "migrate", "ops"}
        assert {name for name in SERVICES if "ORDERX_DATABASE_URL" in environment(name)} == doing_business

    def test_are_valid_as_they_stand(self, monkeypatch):
        for service in OURS:
            for name, value in environment(service).items():
                if name.startswith("ORDERX_"):
                    monkeypatch.setenv(name, plain(value).replace("secret", "s" * 32))
        Settings()


class TestSecrets:
    def test_are_never_written_down(self):
        secrets = {
            name: value
            for service in SERVICES
            for name, value in environment(service).items()
            if re.search("PASS|KEY|AUTH|SECRET", name)
        }
        assert secrets
        assert {name for name, value in secrets.items() if not re.search(r"\$\{\w+:\?", value)} == set()

    def test_in_urls_come_from_outside(self):
        logins = [text for text in texts(COMPOSE) if "://" in text and "@" in text]
        assert logins
        assert [url for url in logins if not re.search(r"://\w+:\$\{\w+:\?[^}]+\}@", url)] == []

    def test_and_all_else_that_is_asked_for_is_in_the_example(self):
        asked = set(re.findall(r"\$\{(\w+):", (ROOT / "docker-compose.yml").read_text()))
        required = set(re.findall(r"\$\{(\w+):\?", (ROOT / "docker-compose.yml").read_text()))
        example = (ROOT / ".env.example").read_text()
        assert set(re.findall(r"^(?:# )?([A-Z_]+)=", example, re.MULTILINE)) == asked
        assert set(re.findall(r"^([A-Z_]+)=$", example, re.MULTILINE)) == required


class TestStopping:
    def test_gives_the_api_time_for_who_waits_for_an_order_and_for_the_provider(self):
        longest = MAX_WAIT_SECONDS + Settings.model_fields["payment_timeout"].default
        assert grace_period("api") > GRACEFUL_SECONDS > longest

    def test_gives_the_relay_time_for_a_broker_that_blocks(self):
        assert grace_period("relay") > BATCH_TIMEOUT

    def test_gives_all_others_time_for_a_statement_and_a_call(self):
        statement = int(SETTINGS["statement_timeout"].removesuffix("s"))
        call = Settings.model_fields["payment_timeout"].default
        assert {name for name in OURS if grace_period(name) <= statement + call} == set()


class TestHealth:
    def test_of_processes_that_answer_no_requests_is_seen_from_their_file(self):
        running = {
            name
            for name in OURS
            if parse_command(OURS[name]["command"])[0] in {"worker", "relay", "sweeper", "scheduler"}
        }
        assert running
        asked = {name: " ".join(SERVICES[name]["healthcheck"]["test"]) for name in running}
        assert {name for name in running if f"'{environment(name)['ORDERX_ALIVE_FILE']}'" not in asked[name]} == set()


class TestDisksAndMemory:
    def test_are_not_filled_by_logs(self):
        assert {name for name, service in SERVICES.items() if "max-size" not in service["logging"]["options"]} == set()

    def test_suffice_for_parallel_queries(self):
        assert SERVICES["postgres"]["shm_size"] == "256mb"


class TestOrderOfStarting:
    def test_waits_for_services_there_are_by_checks_they_have(self):
        waits = [
            (name, other, how["condition"])
            for name, service in SERVICES.items()
            for other, how in service.get("depends_on", {}).items()
        ]
        assert waits
        for name, other, condition in waits:
            if condition == "service_healthy":
                assert "healthcheck" in SERVICES[other], f"{name} waits for the health of {other}"
            else:
                assert (condition, SERVICES[other]["restart"]) == ("service_completed_successfully", "no")

    def test_migrates_before_services_use_the_database(self):
        users = {s for s in OURS if any(n.endswith("DATABASE_URL") for n in environment(s))} - {"migrate"}
        assert {name for name in users if "migrate" not in SERVICES[name]["depends_on"]} == set()


class TestVolumesAndNetworks:
    def test_are_declared_and_used(self):
        mounts = [text.partition(":")[0] for service in SERVICES.values() for text in service.get("volumes", [])]
        assert {name for name in mounts if not name.startswith(".")} == set(COMPOSE["volumes"])
        used = {network for service in SERVICES.values() for network in service["networks"]}
        assert used == set(COMPOSE["networks"])

    def test_mounts_of_files_are_in_the_repository(self):
        mounts = [text.partition(":")[0] for service in SERVICES.values() for text in service.get("volumes", [])]
        assert [name for name in mounts if name.startswith(".") and not (ROOT / name).is_file()] == []

    def test_keep_what_must_outlive_a_container(self):
        assert all("volumes" in SERVICES[name] for name in ("postgres", "rabbitmq", "sandbox", "mailpit"))


class TestImages:
    def test_are_pinned_and_come_from_the_default_registry(self):
        foreign = {service["image"] for service in SERVICES.values() if "build" not in service}
        assert foreign
        assert {image for image in foreign if not re.fullmatch(r"([a-z]+/)?[a-z]+:v?\d+[\w.-]*", image)} == set()

    def test_of_ours_are_built_here_and_run_with_least_privilege(self):
        for service in OURS.values():
            assert service["build"] == "."
            assert service["init"] is True
            assert service["read_only"] is True
            assert service["cap_drop"] == ["ALL"]
