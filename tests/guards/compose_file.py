"""docker-compose.yml, and what its services listen on."""

import re
from functools import cache
from typing import Any

import yaml

from tests.guards.cli_parsing import parse_command
from tests.guards.source_tree import ROOT

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "orderx"}
NGINX = (ROOT / "deploy/nginx.conf").read_text()
FOREIGN_PORTS = {
    "postgres": {5432},
    "rabbitmq": {5672, 15672},
    "valkey": {6379},
    "mailpit": {1025, 8025},
    "nginx": {int(port) for port in re.findall(r"\blisten (\d+);", NGINX)},
    "localhost": {int(port) for port in re.findall(r":-(\d+)}:8080", str(SERVICES["nginx"]["ports"]))},
}


def environment(service: str) -> dict[str, str]:
    return SERVICES[service].get("environment", {})


def texts(value: Any) -> list[str]:
    """Every string in a piece of YAML, keys included."""
    if isinstance(value, dict):
        return [text for pair in value.items() for each in pair for text in texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in texts(each)]
    return [str(value)]


def plain(text: str) -> str:
    """The text with `${NAME:-default}` replaced by its default, and `${NAME:?why}` by a secret."""
    return re.sub(r"\$\{\w+:\?[^}]*\}", "secret", re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text))


def grace_period(service: str) -> int:
    return int(SERVICES[service]["stop_grace_period"].removesuffix("s"))


@cache
def listened_on(service: str) -> set[int]:
    if service in FOREIGN_PORTS:
        return FOREIGN_PORTS[service]
    _, options = parse_command(SERVICES[service]["command"])
    return {value for name, value in options.items() if name.endswith("port")}
