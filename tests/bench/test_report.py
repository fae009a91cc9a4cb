import json
from io import StringIO

from rich.console import Console

from bench import participants, report

FIGURES = {
    "engine.orderx": {"per_s": 300.0, "p50_ms": 9.0, "p99_ms": 20.0, "cpu_ms_per_order": 5.0},
    "engine.temporal_dev": {"error": "ModuleNotFoundError: No module named 'temporalio'"},
    "full.orderx": {"per_s": 100.0, "p50_ms": 20.0, "p99_ms": 50.0, "cpu_ms_per_order": 9.0},
    "full.dbos": {"per_s": 25.0, "p50_ms": 40.0, "p99_ms": 90.0, "cpu_ms_per_order": 36.0},
}


def build_result():
    return report.build_result(FIGURES, versions={"orderx": "0.1.0"}, machine={"processors": 2}, quick=True)


class TestShaped:
    def test_has_versions_the_workloads_and_the_ratios(self):
        result = build_result()
        assert result["versions"] == {"orderx": "0.1.0"}
        assert result["engine"]["orderx"]["per_s"] == 300.0
        assert result["full"]["dbos"]["cpu_ms_per_order"] == 36.0
        assert result["ratios"] == {"full_vs_dbos": 4.0}
        assert result["cpu_ratios"] == {"full_vs_dbos": 4.0}
        assert result["machine"] == {"processors": 2}

    def test_keeps_the_reason_why_a_peer_could_not_run(self):
        assert "temporalio" in build_result()["engine"]["temporal_dev"]["error"]


class TestWrite:
    def test_can_be_read_back(self, tmp_path):
        report.write(build_result(), tmp_path / "results" / "latest.json")
        assert json.loads((tmp_path / "results" / "latest.json").read_text())["ratios"] == {"full_vs_dbos": 4.0}


class TestShow:
    def test_prints_every_participant_with_its_figures_or_its_error(self):
        out = StringIO()
        report.show(build_result(), Console(file=out, width=150))
        printed = out.getvalue()
        assert "temporal_dev" in printed
        assert "No module named" in printed
        assert "full_vs_dbos: 4 (by CPU per order: 4)" in printed


class TestContestants:
    def test_says_why_one_cannot_be_imported(self, monkeypatch):
        monkeypatch.setattr(participants, "PARTICIPANTS", {"engine.gone": "bench.peers.gone:Gone"})
        kinds, missing = participants.participants()
        assert kinds == {}
        assert "bench.peers.gone" in missing["engine.gone"]

    def test_are_chosen_by_a_part_of_their_name(self, monkeypatch):
        two = {"engine.pgbench": "bench.peers.pgbench:Pgbench", "full.gone": "bench.peers.gone:Gone"}
        monkeypatch.setattr(participants, "PARTICIPANTS", two)
        kinds, missing = participants.participants("pgbench")
        assert list(kinds) == ["engine.pgbench"]
        assert missing == {}
