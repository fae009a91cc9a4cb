"""A private RabbitMQ node with separate name, ports, cookie, data and configuration."""

import math
import os
import shlex
import shutil
import subprocess
from pathlib import Path

import amqp

from kit.errors import NotConfigured, Unavailable
from ops import command_settings
from ops.services import directories
from ops.services.ports import LOOPBACK, free_port
from ops.services.process import Process
from ops.services.readiness import tcp

# The packages' /usr/sbin/rabbitmq-server requires root and supports one node only; it wraps this script.
_UNWRAPPED_SCRIPT = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
_SYSTEM_PATH = "/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin:/bin"
USER = "orderx"
CTL_VARIABLES = ("RABBITMQ_NODENAME", "ERL_EPMD_PORT", "ERL_EPMD_ADDRESS", "HOME")
"""Environment variables that `rabbitmqctl` needs for this node; also in `ctl.env` in the node's directory."""
_STOP_SECONDS_WITH_MANAGEMENT = 3
"""All queues are closed within a second; the management plugin then waits five more for one of its processes."""


def start_script() -> Path | None:
    """The server's start script, if RabbitMQ is installed."""
    if _UNWRAPPED_SCRIPT.exists():
        return _UNWRAPPED_SCRIPT
    found = shutil.which("rabbitmq-server", path=_path())
    return Path(found) if found else None


class PortMapper(Process):
    """Erlang's port mapper on a private port. RabbitMQ would start the machine's, which keeps running afterwards."""

    def __init__(self, home: Path) -> None:
        port = free_port()
        self.env = {"ERL_EPMD_ADDRESS": LOOPBACK, "ERL_EPMD_PORT": str(port)}
        super().__init__(
            "epmd",
            ["epmd", "-port", str(port), "-address", LOOPBACK],
            log=home / "epmd.log",
            ready=tcp(port),
            env={**command_settings.without_settings(os.environ), "PATH": _path()},
        )


class RabbitMQ(Process):
    """A node with its data under `home`, kept between starts, also after a SIGKILL.

    `url` is the AMQP URL with the login. `management_url` has no login; it is None without `management`.
    """

    def __init__(
        self,
        home: Path,
        *,
        management: bool = False,
        log: Path | None = None,
        name: str = "rabbitmq",
        password_file: Path | None = None,
        port_mapper: PortMapper | None = None,
    ) -> None:
        self._home = directories.make(home)
        self.password_file = password_file or home / "password"
        self._password = directories.stored_secret(self.password_file)
        self.port = free_port()
        self._management_port = free_port() if management else None
        self._own_port_mapper = None if port_mapper else PortMapper(home)
        super().__init__(
            name,
            [],
            log=log or home / "rabbitmq.log",
            ready=lambda _: self._answers(),
            env=self._environment(port_mapper or self._own_port_mapper),
            cwd=home,
            start_seconds=120,
            stop_seconds=_STOP_SECONDS_WITH_MANAGEMENT if management else 30,
        )

    @property
    def url(self) -> str:
        """The AMQP URL, with the login."""
        return f"amqp://{USER}:{self._password}@{LOOPBACK}:{self.port}//"

    @property
    def management_url(self) -> str | None:
        """The URL of the management console."""
        return f"http://{LOOPBACK}:{self._management_port}" if self._management_port else None

    @property
    def management_api(self) -> str:
        """The URL of the management API, with the login."""
        return f"http://{USER}:{self._password}@{LOOPBACK}:{self._management_port}/api/"

    def launch(self) -> None:
        """Start the node; raises NotConfigured if RabbitMQ is not installed."""
        script = start_script()
        if script is None:
            raise NotConfigured("rabbitmq-server is not installed")
        self._write_configuration()
        if self._own_port_mapper and not self._own_port_mapper.is_running:
            self._own_port_mapper.start()
        self.argv = [str(script)]
        super().launch()

    def ctl(self, *args: str) -> str:
        """Run `rabbitmqctl` on this node and return its output; raises Unavailable if it fails."""
        script = start_script()
        assert script
        command = [str(script.with_name("rabbitmqctl")), "--quiet", *args]
        done = subprocess.run(command, env=self._env, capture_output=True, text=True, check=False, cwd=self._home)
        if done.returncode:
            raise Unavailable(f"rabbitmqctl {' '.join(args)}: {(done.stderr or done.stdout).strip()}")
        return done.stdout

    def wait_until_stopped(self, *, within: float = math.inf) -> None:
        """Wait until the node has stopped, then stop its port mapper."""
        super().wait_until_stopped(within=within)
        if self._own_port_mapper:
            self._own_port_mapper.stop()

    def _environment(self, port_mapper: PortMapper) -> dict[str, str]:
        plain = command_settings.without_settings(os.environ)
        inherited = {k: v for k, v in plain.items() if not k.startswith(("RABBITMQ_", "ERL_"))}
        own = {
            "ADVANCED_CONFIG_FILE": self._home / "advanced.config",
            "CONF_ENV_FILE": self._home / "rabbitmq-env.conf",
            "CONFIG_FILE": self._home / "rabbitmq.conf",
            "CONFIG_FILES": self._home / "conf.d",
            "DIST_PORT": free_port(),
            "ENABLED_PLUGINS_FILE": self._home / "enabled_plugins",
            "FEATURE_FLAGS_FILE": self._home / "feature_flags",
            "GENERATED_CONFIG_DIR": self._home / "generated",
            "LOG_BASE": self._home / "log",
            "LOGS": "-",
            "MNESIA_BASE": self._home / "data",
            "NODENAME": self._node_name(),
            "PID_FILE": self._home / "pid",
            "SERVER_ADDITIONAL_ERL_ARGS": self._erlang_options(),
        }
        return {
            **inherited,
            **{f"RABBITMQ_{name}": str(value) for name, value in own.items()},
            **port_mapper.env,
            "HOME": str(self._home),  # where Erlang keeps the cookie
            "PATH": _path(),
            "RUNNING_UNDER_SYSTEMD": "true",  # makes the script exec the node instead of waiting for it
        }

    def _node_name(self) -> str:
        return "orderx@localhost"

    def _erlang_options(self) -> str:
        return "-kernel inet_dist_use_interface {127,0,0,1}"

    def _settings(self) -> dict[str, str]:
        return {
            "listeners.tcp.1": f"{LOOPBACK}:{self.port}",
            "default_user": USER,
            "default_pass": self._password,
            "disk_free_limit.absolute": "50MB",
        }

    def _write_configuration(self) -> None:
        settings = self._settings()
        if self._management_port:
            settings |= {"management.tcp.ip": LOOPBACK, "management.tcp.port": str(self._management_port)}
        (self._home / "conf.d").mkdir(exist_ok=True)
        plugins = "[rabbitmq_management]." if self._management_port else "[]."
        directories.write_private(self._home / "rabbitmq.conf", "".join(f"{k} = {v}\n" for k, v in settings.items()))
        (self._home / "advanced.config").write_text("[].\n")
        (self._home / "rabbitmq-env.conf").write_text("")
        (self._home / "enabled_plugins").write_text(plugins + "\n")
        (self._home / "ctl.env").write_text(
            "".join(f"{name}={shlex.quote(self._env[name])}\n" for name in CTL_VARIABLES)
        )

    def _answers(self) -> bool:
        try:
            with amqp.Connection(f"{LOOPBACK}:{self.port}", USER, self._password, connect_timeout=2, read_timeout=5):
                return True
        except (OSError, amqp.AMQPError):
            return False


def _path() -> str:
    return f"{os.environ.get('PATH', '')}:{_SYSTEM_PATH}:/opt/homebrew/sbin:/opt/homebrew/bin"
