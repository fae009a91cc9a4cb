"""The tasks of sagas: short in the outbox, whole when they are sent."""

from kit import clock, db
from kit.ids import derived_id, new_id
from kit.messaging.origin import Origin
from kit.messaging.tasks import task_body
from kit.tenancy import Tenant
from saga.engine.definition import then, together
from saga.engine.start import start
from saga.engine.task_messages import expand
from tests.saga.engine.saga_harness import outbox

ORIGIN = Origin(request_id="q1", traceparent="00-abc-def-01")


class TestExpand:
    def test_gives_a_chord_its_tasks_with_ids_and_arguments(self, harness, script):
        saga = harness.saga(together(script.step("fold"), script.step("cut")), then(script.step("print")))
        subject_id = new_id()
        with db.transaction(Tenant(company_id=harness.company_id)):
            saga_id = start(
                saga, subject_id=subject_id, company_id=harness.company_id, now=clock.now(), origin=ORIGIN
            )  # fmt: skip
        kwargs = {"saga_id": str(saga_id), "company_id": str(harness.company_id), "subject_id": str(subject_id)}

        def task(name):
            task_id = str(derived_id(saga_id, name))
            return task_body(name, kwargs, task_id=task_id, root_id=str(saga_id), origin=ORIGIN)

        [body] = outbox()
        assert body == {
            "id": str(derived_id(saga_id, "stage 0")),
            "header": [task("toys.fold"), task("toys.cut")],
            "body": task("saga.advance"),
        }
        [(short,)] = harness.sql("SELECT body FROM outbox WHERE kind = 'chord'")
        assert short == {
            "saga_id": str(saga_id), "subject_id": str(subject_id), "stage": 0, "header": ["toys.fold", "toys.cut"],
            "body": "saga.advance", **ORIGIN.request_fields,
        }  # fmt: skip

    def test_leaves_a_whole_task_as_it_is(self):
        whole = task_body("notifications.send_mail", {"mail_id": "m1"}, task_id="m1")
        assert expand(whole, company_id=new_id()) == expand(whole, company_id=None) == whole
