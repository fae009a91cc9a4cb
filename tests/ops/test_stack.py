"""The supervisor with small processes, and the environment that a stack gives its processes."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ops import stack as stacks
from ops.running_stack import AlreadyRunning, lock
from ops.services import directories, ports
from ops.services.process import DidNotStart, Process
from ops.services.readiness import output_contains, tcp
from ops.services.supervisor import STOP_SECONDS, Supervisor
from ops.stack import Stack

pytestmark = pytest.mark.processes

SERVER = """
import signal, socket, sys, time
name, port, story = sys.argv[1:]
def tell(what):
    with open(story, "a") as file:
        file.write(f"{name} {what}\\n")
def leave(*_):
    tell("stops")
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
with socket.create_server(("127.0.0.1", int(port))):
    tell("runs")
    while True:
        time.sleep(600)
"""

SUPERVISOR = """
import signal
import sys
from pathlib import Path
from ops.services.process import Process
from ops.services.readiness import tcp
from ops.services.supervisor import Supervisor, interruptible
server, story, home, *listening = sys.argv[1:]
def process(name, port):
    argv = [sys.executable, "-c", server, name, port, story]
    return Process(name, argv, log=Path(home) / name, ready=tcp(int(port)))
for number in (signal.SIGINT, signal.SIGHUP):  # a background job of a script, and nohup, start us with these ignored
    signal.signal(number, signal.SIG_DFL)
supervisor = Supervisor([[process(f"p{n}", port)] for n, port in enumerate(listening)])
with interruptible():
    try:
        supervisor.start()
        print("up", flush=True)
        supervisor.keep_running()
    except KeyboardInterrupt:
        print("stopping", flush=True)
    finally:
        supervisor.stop()
"""


@pytest.fixture
def home():
    with directories.temporary("orderx-test-") as path:
        yield path


@pytest.fixture
def server(home):
    """Makes a process that listens on its port and writes what happens to it into `story`."""

    def make(name, port):
        argv = [sys.executable, "-c", SERVER, name, str(port), str(home / "story")]
        return Process(name, argv, log=home / f"{name}.log", ready=tcp(port))

    return make


def story(home):
    return (home / "story").read_text().splitlines()


DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(600)
"""


class TestSupervisor:
    def test_starts_in_order_and_stops_in_reverse(self, home, server):
        supervisor = Supervisor([[server(name, ports.free_port())] for name in ("first", "second", "third")])
        supervisor.start()
        supervisor.stop()
        runs = ["first runs", "second runs", "third runs"]
        assert story(home) == [*runs, "third stops", "second stops", "first stops"]

    def test_leaves_nothing_behind_when_a_start_fails_half_way(self, home, server):
        good = server("good", ports.free_port())
        argv = [sys.executable, "-c", "import sys; sys.exit('out of luck')"]
        bad = Process("bad", argv, log=home / "bad.log", ready=lambda _: False)
        with pytest.raises(DidNotStart, match=r"(?s)bad ended with exit code 1; .*out of luck"):
            Supervisor([[good], [bad]]).start()
        assert story(home) == ["good runs", "good stops"]

    def test_restarts_and_reports_crashed_processes(self, server):
        port = ports.free_port()
        process = server("fragile", port)
        said = []
        supervisor = Supervisor([[process]], report=said.append)
        supervisor.start()
        first = process.pid
        os.kill(first, signal.SIGKILL)
        supervisor.keep_running(until=lambda: process.pid != first and not ports.is_free(port))
        supervisor.stop()
        assert said == [f"fragile ended with exit code -9, restarts in 0.5 s ({process.log})"]

    def test_stops_within_ten_seconds_even_if_a_process_ignores_it(self, home):
        def deaf(name):
            return Process(name, [sys.executable, "-c", DEAF], log=home / name, ready=output_contains("up"))

        supervisor = Supervisor([[deaf("first")], [deaf("second")], [deaf("third")]])
        supervisor.start()
        begun = time.monotonic()
        supervisor.stop(within=STOP_SECONDS)
        assert time.monotonic() - begun < 10
        assert not any(process.is_running for process in supervisor.processes)

    def test_leaves_the_last_seconds_to_the_first_wave(self, home, server):
        deaf = Process("deaf", [sys.executable, "-c", DEAF], log=home / "deaf", ready=output_contains("up"))
        supervisor = Supervisor([[server("first", ports.free_port())], [deaf]])
        supervisor.start()
        supervisor.stop(within=STOP_SECONDS)
        assert story(home) == ["first runs", "first stops"]

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_stops_everything_in_reverse_on_a_signal(self, home, number):
        listening = [ports.free_port() for _ in range(2)]
        arguments = [SERVER, str(home / "story"), str(home), *map(str, listening)]
        with subprocess.Popen([sys.executable, "-c", SUPERVISOR, *arguments], stdout=subprocess.PIPE) as supervisor:
            assert supervisor.stdout.readline() == b"up\n"
            supervisor.send_signal(number)
            assert supervisor.stdout.read() == b"stopping\n"
        assert supervisor.returncode == 0
        assert story(home) == ["p0 runs", "p1 runs", "p1 stops", "p0 stops"]
        assert all(ports.is_free(port) for port in listening)


@pytest.fixture
def without_settings(monkeypatch):
    for name in [name for name in os.environ if name.startswith("ORDERX_")]:
        monkeypatch.delenv(name)


@pytest.mark.usefixtures("without_settings")
class TestStack:
    def test_creates_a_login_for_app_operator_and_owner(self, home):
        env = Stack(home).env
        logins = [env[name].partition("://")[2].partition(":")[0] for name in DATABASE_SETTINGS]
        assert logins == ["postgres", "orderx_app_login", "orderx_operator_login"]

    def test_keeps_its_secrets_between_runs(self, home):
        first, second = Stack(home).env, Stack(home).env
        assert len(first["ORDERX_SECRET_KEY"]) >= 32
        assert first["ORDERX_SECRET_KEY"] == second["ORDERX_SECRET_KEY"]

    def test_uses_a_given_database_and_broker(self, home, monkeypatch):
        given = {"ORDERX_OWNER_DATABASE_URL": "postgresql://o:p@db/shop", "ORDERX_BROKER_URL": "amqp://u:p@mq//"}
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        stack = Stack(home)
        assert stack.postgres is None
        assert stack.broker is None
        assert {name: stack.env[name] for name in given} == given
        assert stack.env["ORDERX_DATABASE_URL"].endswith("@db/shop")

    def test_runs_valkey_where_rabbitmq_is_not_installed(self, home, monkeypatch):
        monkeypatch.setattr(stacks.rabbitmq, "start_script", lambda: None)
        assert Stack(home).env["ORDERX_BROKER_URL"].startswith("redis://")

    def test_keeps_temporary_files_in_its_directory_and_only_while_it_runs(self, home):
        left = Path(Stack(home).env_for("worker")["TMPDIR"]) / "pymp-left-by-a-killed-worker"
        assert home in left.parents
        left.mkdir()
        Stack(home)
        assert not left.exists()

    def test_stops_postgres_last(self, home):
        assert Stack(home).processes[0].name == "postgres"

    def test_avoids_ports_in_use(self, home):
        with socket.socket() as other:
            if ports.is_free(8000):
                other.bind((ports.LOOPBACK, 8000))
                other.listen()
            assert not Stack(home).api_url.endswith(":8000")

    def test_refuses_to_share_its_directory(self, home):
        with lock(home), pytest.raises(AlreadyRunning, match="a stack is already running in"), lock(home):
            pass


DATABASE_SETTINGS = ("ORDERX_OWNER_DATABASE_URL", "ORDERX_DATABASE_URL", "ORDERX_OPERATOR_DATABASE_URL")


def orderx(*words, **settings):
    env = {name: value for name, value in os.environ.items() if not name.startswith("ORDERX_")} | settings
    return subprocess.run(
        [sys.executable, "-m", "ops.cli", *words], env=env, capture_output=True, text=True, check=False
    )


class TestCommandLine:
    def test_names_the_missing_setting_in_one_line(self):
        ended = orderx("migrate")
        assert ended.returncode == 1
        assert ended.stdout == ""
        assert ended.stderr.startswith("orderx: ORDERX_OWNER_DATABASE_URL is not set")
        assert ended.stderr.count("\n") == 1

    def test_reports_a_wrong_command_as_a_usage_error(self):
        assert orderx("fly").returncode == 2

    def test_prints_its_help_quickly(self):
        heavy = ("celery", "flask", "sqlalchemy", "psycopg", "requests")
        code = f"import sys, ops.cli; print([name for name in {heavy} if name in sys.modules])"
        loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert loaded.stdout == "[]\n"
