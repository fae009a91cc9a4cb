import threading

import pytest

from kit import db
from saga.engine import fingerprints
from saga.engine.definition import afterwards, then, together
from saga.engine.fingerprints import DefinitionChanged
from saga.engine.retries import Retries

RECORDED = "SELECT definition FROM saga_definitions"


@pytest.fixture
def toy(harness, script):
    """Define the saga, or a changed one under the same name and version."""

    def declaring(*more, **options):
        stages = together(script.step("fold"), script.step("cut")), then(script.step("glue", undo=False), pivot=True)
        return harness.saga(*stages, *more, **options)

    return declaring


class TestDescribe:
    def test_has_what_open_sagas_depend_on(self, toy, script):
        assert fingerprints.describe(toy(afterwards(script.step("show", undo=False)))) == (
            "together fold (undo: un_fold) and cut (undo: un_cut); then glue, the pivot; afterwards show"
        )

    def test_has_no_way_back_without_an_undone_hook(self, toy):
        assert fingerprints.describe(toy(undoable=False)).endswith("then glue; no way back")


class TestFingerprint:
    def test_stays_with_other_retries_and_deadlines(self, harness, script):
        patient = harness.saga(then(script.step("fold", retries=Retries(limit=99))), deadline=99, call_deadline=99)
        assert fingerprints.fingerprint(patient) == fingerprints.fingerprint(harness.saga(then(script.step("fold"))))

    @pytest.mark.parametrize(
        "changed",
        [
            lambda step: [then(step("fold")), then(step("cut"), pivot=True), then(step("glue"))],
            lambda step: [then(step("cut")), then(step("fold"), pivot=True)],
            lambda step: [then(step("fold"), pivot=True), then(step("cut"))],
            lambda step: [together(step("fold"), step("cut"))],
            lambda step: [then(step("fold")), afterwards(step("cut"))],
            lambda step: [then(step("fold", undo=False)), then(step("cut"), pivot=True)],
        ],
        ids=["a step more", "another order", "another pivot", "parallel", "afterwards", "no undo"],
    )
    def test_changes_with_what_open_sagas_depend_on(self, harness, script, changed):
        before = harness.saga(then(script.step("fold")), then(script.step("cut"), pivot=True))
        after = harness.saga(*changed(script.step))
        assert fingerprints.fingerprint(before) != fingerprints.fingerprint(after)


class TestRecord:
    def test_stores_a_new_definition_and_accepts_it_again(self, harness, toy):
        for _ in range(2):
            fingerprints.record([toy()])
        assert harness.sql(RECORDED) == [(fingerprints.describe(toy()),)]

    def test_refuses_a_changed_definition_while_sagas_of_it_are_open(self, harness, toy, script):
        fingerprints.record([toy()])
        harness.start(toy())
        changed = toy(then(script.step("paint", undo=False)))
        with pytest.raises(DefinitionChanged) as refused:
            fingerprints.record([changed])
        assert refused.value.message.startswith("toy version 1 has changed while 1 of its sagas are open: ")
        assert refused.value.message.endswith(
            f"They started with: {fingerprints.describe(toy())}. It is now: {fingerprints.describe(changed)}"
        )
        assert harness.sql(RECORDED) == [(fingerprints.describe(toy()),)]

    def test_replaces_a_changed_definition_when_no_saga_of_it_is_open(self, harness, toy, script):
        fingerprints.record([toy()])
        harness.run(toy())
        changed = toy(then(script.step("paint", undo=False)))
        fingerprints.record([changed])
        assert harness.sql(RECORDED) == [(fingerprints.describe(changed),)]

    def test_keeps_two_versions_side_by_side(self, harness, toy, script):
        fingerprints.record([toy()])
        harness.start(toy())
        fingerprints.record([toy(), toy(then(script.step("paint", undo=False)), version=2)])
        assert len(harness.sql(RECORDED)) == 2

    def test_lets_one_of_two_releases_win_that_record_at_the_same_time(self, harness, toy, script):
        harness.start(toy())
        others = [toy(then(script.step(name, undo=False))) for name in ("paint", "sand")]
        refused = []

        def recording(saga):
            try:
                fingerprints.record([saga])
            except DefinitionChanged:
                refused.append(saga)

        releases = [threading.Thread(target=recording, args=(saga,)) for saga in others for _ in range(4)]
        for release in releases:
            release.start()
        for release in releases:
            release.join()
        [(kept,)] = harness.sql(RECORDED)
        [loser] = {fingerprints.describe(saga) for saga in others} - {kept}
        assert [fingerprints.describe(saga) for saga in refused] == [loser] * 4

    def test_can_be_read_by_the_operator_and_changed_by_nobody(self, harness, toy):
        fingerprints.record([toy()])
        with db.operator_transaction():
            session = db.session()
            assert session.connection().exec_driver_sql(RECORDED).all() == [(fingerprints.describe(toy()),)]
