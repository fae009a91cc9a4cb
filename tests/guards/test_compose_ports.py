"""The services of docker-compose.yml reach each other under host names and on ports that they have."""

import re
from urllib.parse import urlsplit

from tests.guards.cli_parsing import parse_command
from tests.guards.compose_file import NGINX, OURS, SERVICES, environment, listened_on, plain, texts


class TestHostNames:
    def test_that_others_call_a_service_by_are_ones_it_answers_to(self):
        called = {urlsplit(plain(text)).hostname for s in SERVICES for text in environment(s).values() if "://" in text}
        guarded = {name: parse_command(OURS[name]["command"])[1].get("trusted_host") for name in called & OURS.keys()}
        checks = {name: names for name, names in guarded.items() if names is not None}
        assert checks == {"sandbox": ["sandbox"]}

    def test_of_pages_that_check_none_are_behind_a_password(self):
        assert plain(environment("mailpit")["MP_UI_AUTH"]) == "orderx:secret"
        assert plain(environment("flower")["FLOWER_BASIC_AUTH"]) == "orderx:secret"


class TestPorts:
    def test_named_in_urls_are_listened_on(self):
        urls = [urlsplit(plain(text)) for s in SERVICES for text in environment(s).values() if "://" in text]
        assert urls
        wrong = {url.netloc for url in urls if url.port not in listened_on(str(url.hostname))}
        assert wrong == set()

    def test_that_are_asked_for_health_are_the_services_own(self):
        for name, service in SERVICES.items():
            asked = re.findall(r"127\.0\.0\.1:(\d+)", " ".join(texts(service.get("healthcheck", {}))))
            assert {int(port) for port in asked} <= listened_on(name)

    def test_that_are_published_are_listened_on_and_only_nginx_faces_the_world(self):
        published = {name: text for name, service in SERVICES.items() for text in service.get("ports", [])}
        assert published
        for name, text in published.items():
            assert int(text.rpartition(":")[2]) in listened_on(name)
        assert {name for name, text in published.items() if not text.startswith("127.0.0.1:")} == {"nginx"}

    def test_of_nginx_lead_to_the_api(self):
        servers = re.findall(r"server (\w+):(\d+)", NGINX)
        assert servers
        assert [(name, port) for name, port in servers if int(port) not in listened_on(name)] == []
        upstreams = set(re.findall(r"\bupstream (\w+) ", NGINX))
        assert set(re.findall(r"proxy_pass http://(\w+);", NGINX)) == upstreams

    def test_are_reached_over_a_network_that_both_are_on(self):
        assert "edge" in SERVICES["nginx"]["networks"]
        assert "edge" in SERVICES["api"]["networks"]
        assert {name for name, service in SERVICES.items() if "backend" not in service["networks"]} == {"nginx"}
