"""Sagas of a version that no running worker knows open an alert, until a worker of their release moves them."""

import pytest

from saga.engine import unknown_versions
from saga.engine.definition import then, wait_for
from saga.engine.errors import UnknownVersion
from saga.engine.sweep import sweep
from tests.saga.engine.toy_signals import A_DAY, CONFIRMED
from workers.alerts import database as database_alerts
from workers.alerts import unknown_saga_versions


class TestAnUnknownVersion:
    @pytest.fixture
    def put_back(self, harness, owner):
        """A saga whose only task was put back for the first time so long ago."""

        def find(name, version):
            raise UnknownVersion

        def putting(age: str):
            ref, deliveries = harness.start(harness.saga(then(harness.script.step("fold")), version=7))
            unknown_versions.put_back(deliveries.tasks[:1], find, company_id=ref.company_id)
            owner(f"UPDATE sagas SET started_at = started_at - interval '{age}'")
            owner(f"UPDATE saga_events SET happened_at = happened_at - interval '{age}'")
            return deliveries

        return putting

    def test_opens_an_alert_after_ten_minutes_until_a_worker_knows_it(self, put_back, owner, open_alerts):
        deliveries = put_back("11 minutes")
        owner("DELETE FROM outbox")
        database_alerts.check()
        assert ("saga_version_unknown", "toy 7") in open_alerts()
        [(detail,)] = owner("SELECT detail FROM alerts WHERE kind = 'saga_version_unknown'")
        assert (detail["saga"], detail["version"], detail["sagas"]) == ("toy", 7, 1)
        deliveries.deliver_all()
        database_alerts.check()
        assert open_alerts() == []

    def test_is_still_found_after_a_sweeper_has_re_sent_the_task(self, put_back, owner, open_alerts):
        put_back("11 minutes")
        owner("DELETE FROM outbox")
        owner(
            "INSERT INTO saga_events (saga_id, company_id, event, happened_at)"
            " SELECT id, company_id, 'resent', now() FROM sagas"
        )
        database_alerts.check()
        assert ("saga_version_unknown", "toy 7") in open_alerts()

    def test_opens_no_alert_before(self, put_back, open_alerts):
        put_back("9 minutes")
        database_alerts.check()
        assert not {"saga_version_unknown"} & {kind for kind, _ in open_alerts()}

    def test_opens_one_alert_for_all_sagas_of_the_version(self, put_back, owner, open_alerts, monkeypatch):
        monkeypatch.setattr(unknown_saga_versions, "MAX_HISTORIES_READ", 2)
        for _ in range(3):
            put_back("11 minutes")
        database_alerts.check()
        assert ("saga_version_unknown", "toy 7") in open_alerts()
        [(detail,)] = owner("SELECT detail FROM alerts WHERE kind = 'saga_version_unknown'")
        assert detail["sagas"] == 3

    def test_opens_no_alert_about_sagas_that_wait_for_a_signal(self, put_back, owner, open_alerts):
        put_back("11 minutes")
        owner("UPDATE sagas SET state = 'waiting'")
        database_alerts.check()
        assert not {"saga_version_unknown"} & {kind for kind, _ in open_alerts()}

    def test_opens_an_alert_about_a_wait_that_no_sweeper_expires(self, harness, owner, open_alerts):
        saga = harness.saga(wait_for(CONFIRMED, expires=A_DAY, on_expiry="undo"), version=7)
        ref, deliveries = harness.start(saga)
        deliveries.deliver_all()
        owner("UPDATE sagas SET due_at = now() - interval '9 minutes'")
        database_alerts.check()
        assert open_alerts() == []
        owner("UPDATE sagas SET due_at = now() - interval '11 minutes'")
        database_alerts.check()
        assert open_alerts() == [("saga_version_unknown", "toy 7")]
        sweep(deliveries.find)
        deliveries.deliver_all()
        database_alerts.check()
        assert (harness.state(ref), open_alerts()) == ("undone", [])

    def test_opens_an_alert_about_a_saga_whose_messages_are_lost(self, harness, owner, open_alerts):
        harness.start(harness.saga(then(harness.script.step("fold")), version=7))
        owner("UPDATE sagas SET due_at = now() - interval '11 minutes'")
        database_alerts.check()
        assert ("saga_version_unknown", "toy 7") in open_alerts()

    def test_opens_none_about_a_known_saga_that_is_late(self, harness, owner, open_alerts):
        harness.start(harness.saga(then(harness.script.step("fold")), name="place_order"))
        owner("UPDATE sagas SET due_at = now() - interval '11 minutes'")
        database_alerts.check()
        assert not {"saga_version_unknown"} & {kind for kind, _ in open_alerts()}

    def test_opens_an_alert_about_a_queued_saga_that_no_release_starts(self, owner, open_alerts):
        owner(
            "INSERT INTO queued_sagas"
            " (id, after_saga_id, company_id, name, subject_id, target_id, tags, queued_at, overdue_since)"
            " SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'return_order', gen_random_uuid(),"
            " gen_random_uuid(), '{}', now(), now() - interval '11 minutes'"
        )
        database_alerts.check()
        assert open_alerts() == [("saga_version_unknown", "return_order")]
