"""/metrics includes counts of the sagas of all companies."""

import psycopg
import pytest
from sqlalchemy import create_engine, text

from api.health.database_metrics import GAUGES
from kit import alerts, db
from kit.tenancy import Tenant
from saga.engine.definition import then, wait_for
from saga.engine.errors import Refused
from tests.saga.engine.saga_harness import SagaHarness
from tests.saga.engine.toy_signals import A_DAY, CONFIRMED
from tests.saga.incidents.stuck_saga import StuckSaga

OF_THE_SYSTEM = (*(f"orderx_{metric}{{" for metric in GAUGES), "orderx_outbox_oldest_due_seconds")


@pytest.fixture
def gauges(operator):
    """What is measured of the whole system, by name and labels."""

    def read() -> dict[str, float]:
        lines = [line.rpartition(" ") for line in operator.get("/metrics").text.splitlines()]
        return {name: float(value) for name, _, value in lines if name.startswith(OF_THE_SYSTEM)}

    return read


class TestDatabaseMetrics:
    def test_are_zero_in_an_empty_database(self, gauges):
        found = gauges()
        assert set(found.values()) == {0.0}
        assert {
            'orderx_sagas{state="running"}', 'orderx_sagas{state="stuck"}', "orderx_outbox_oldest_due_seconds",
            'orderx_open_incidents{step="commit_stock"}', 'orderx_open_alerts{kind="worker_died"}',
        } <= found.keys()  # fmt: skip

    def test_count_sagas_incidents_and_alerts_of_all_companies(self, database, gauges):
        for _ in range(2):
            harness = SagaHarness(database)
            harness.script.answers["cut"] = [Refused("no")]
            fold, cut = map(harness.script.step, ("fold", "cut"))
            StuckSaga(harness, harness.saga(then(fold, pivot=True), then(cut)))
        harness.start(harness.saga(then(fold)))
        _, waiting = harness.start(harness.saga(wait_for(CONFIRMED, expires=A_DAY, on_expiry="undo"), name="waiter"))
        waiting.deliver_next("saga.advance")
        with db.operator_transaction():
            alerts.trigger("worker_died", {"stock@here": {}})
        found = gauges()
        assert (found['orderx_sagas{state="stuck"}'], found['orderx_sagas{state="running"}']) == (2.0, 1.0)
        assert found['orderx_sagas{state="waiting"}'] == 1.0
        assert found['orderx_open_incidents{step="cut"}'] == 2.0
        assert found['orderx_open_alerts{kind="worker_died"}'] == 1.0

    def test_show_the_age_of_the_oldest_outbox_row(self, database, gauges):
        due = "INSERT INTO outbox (kind, body, available_at) VALUES ('task', '{}', now() - interval '%s seconds')"
        with psycopg.connect(database, autocommit=True) as owner:
            for seconds in (5, 3600, -7200):
                owner.execute(due % seconds)
        assert 3600 <= gauges()["orderx_outbox_oldest_due_seconds"] < 7200

    def test_are_omitted_while_the_database_is_down(self, operator, monkeypatch, closed_port):
        gone = create_engine(f"postgresql+psycopg://nobody@127.0.0.1:{closed_port}/none")
        monkeypatch.setattr(db, "probe_engine", lambda: gone)
        answer = operator.get("/metrics")
        assert answer.status_code == 200
        assert "orderx_sagas" not in answer.text
        assert "orderx_http" in answer.text

    def test_are_the_only_data_of_other_companies_that_the_app_reads(self, database):
        with db.transaction(Tenant()):
            session = db.session()
            assert {row.metric for row in session.execute(text("SELECT * FROM database_metrics()"))} <= {
                "sagas", "open_incidents", "open_alerts", "outbox",
            }  # fmt: skip
            assert session.scalar(text("SELECT has_table_privilege('alerts', 'SELECT')")) is False
