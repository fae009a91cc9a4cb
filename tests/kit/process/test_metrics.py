"""Metrics shared by several processes: the counts of ended processes are kept, their files are merged."""

import os
import subprocess
import sys

import pytest

from kit import config
from kit.process import metrics

COUNT = """
import sys
from prometheus_client import Counter, Gauge, Histogram
Counter("orderx_things", "Things", ["kind"]).labels("good").inc(int(sys.argv[1]))
Histogram("orderx_thing_seconds", "Seconds", buckets=(1, 2)).observe(1.5)
Gauge("orderx_thing_is_here", "Here", multiprocess_mode="livemax").set(1)
Counter("others", "Of another library").inc()
if sys.argv[2:]:
    print("counted", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def directory(tmp_path, monkeypatch):
    monkeypatch.setenv(metrics.DIRECTORY, str(tmp_path))
    return tmp_path


@pytest.fixture
def samples(directory):
    """Reads the value of each sample by its name and labels."""

    def read() -> dict[str, float]:
        lines = [line for line in metrics.exposition().decode().splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}

    return read


@pytest.fixture
def count(directory):
    """Counts in a process that ends immediately."""

    def run(things: int) -> None:
        subprocess.run([sys.executable, "-c", COUNT, str(things)], check=True, timeout=60)

    return run


@pytest.fixture
def counting(directory):
    """A process that has counted two things and keeps running until the end of the test."""
    process = subprocess.Popen(
        [sys.executable, "-c", COUNT, "2", "stay"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"counted\n"
    yield process
    process.communicate()


@pytest.mark.processes
class TestExposition:
    def test_adds_up_the_counts_of_processes(self, count, counting, samples):
        count(3)
        found = samples()
        assert found['orderx_things_total{kind="good"}'] == 5
        assert found['orderx_thing_seconds_bucket{le="1.0"}'] == 0
        assert found['orderx_thing_seconds_bucket{le="2.0"}'] == found["orderx_thing_seconds_count"] == 2
        assert found["orderx_thing_seconds_sum"] == 3.0
        assert found["orderx_thing_is_here"] == 1

    def test_excludes_metrics_of_libraries(self, count, samples):
        count(1)
        assert {name.split("_")[0] for name in samples()} == {"orderx"}

    def test_keeps_the_counts_of_ended_processes_and_merges_their_files(self, directory, count, samples):
        for ended in range(1, 4):
            count(1)
            found = samples()
            assert found['orderx_things_total{kind="good"}'] == ended
            assert found["orderx_thing_seconds_count"] == ended
            assert "orderx_thing_is_here" not in found
            assert {file.name for file in directory.glob("*.db")} == {"counter_ended.db", "histogram_ended.db"}

    def test_leaves_the_files_of_running_processes(self, directory, counting, samples):
        for _ in range(2):
            assert samples()['orderx_things_total{kind="good"}'] == 2
        assert directory / f"counter_{counting.pid}.db" in set(directory.iterdir())

    def test_has_only_this_process_without_a_directory(self, monkeypatch):
        monkeypatch.delenv(metrics.DIRECTORY, raising=False)
        assert b"python_info" in metrics.exposition()


class TestMayRead:
    def test_accepts_only_the_exact_token_from_any_address(self):
        token = config.settings().require("metrics_token")
        assert metrics.may_read(f"Bearer {token}", peer="192.0.2.7")
        for wrong in (None, "", "Bearer ", f"Bearer {token[:-1]}", f"Bearer {token}x", f"Basic {token}", token):
            assert not metrics.may_read(wrong, peer="127.0.0.1"), wrong

    @pytest.mark.parametrize(("peer", "may"), [("127.0.0.1", True), ("::1", True), ("192.0.2.7", False), ("", False)])
    def test_accepts_only_loopback_addresses_without_a_token(self, monkeypatch, peer, may):
        monkeypatch.delenv("ORDERX_METRICS_TOKEN")
        config.settings.cache_clear()
        assert metrics.may_read(None, peer=peer) is may
        assert not metrics.may_read(f"Bearer {os.urandom(8).hex()}", peer="192.0.2.7")
        monkeypatch.undo()
        config.settings.cache_clear()
