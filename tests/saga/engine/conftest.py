import pytest

from kit import clock, db
from kit.ids import new_id
from saga.engine.definition import then, wait_for
from saga.engine.locked_saga import SagaRef
from saga.engine.sweep import sweep
from saga.engine.targets import locked_target
from tests import factories
from tests.saga.engine.toy_signals import A_DAY, CONFIRMED
from tests.saga.message_deliveries import Deliveries


@pytest.fixture
def make(harness, script):
    """A saga that folds, waits, and cuts."""

    def making(on_expiry="undo", *, pivot=False, when=None, **options):
        wait = wait_for(CONFIRMED, when=when, expires=A_DAY, on_expiry=on_expiry)
        return harness.saga(then(script.step("fold"), pivot=pivot), wait, then(script.step("cut")), **options)

    return making


@pytest.fixture
def reach(harness):
    """Start a saga and run it up to its wait."""

    def reaching(saga):
        ref, deliveries = harness.start(saga)
        deliveries.deliver_all()
        assert harness.state(ref) == "waiting"
        return ref, deliveries

    return reaching


@pytest.fixture
def time_is_up(harness):
    """Let all deadlines pass, and sweep; returns the number of stalled sagas."""

    def passing(deliveries):
        harness.expire_deadlines()
        stalled = sweep(deliveries.find)
        deliveries.collect()
        return stalled

    return passing


RULES = {("cut", "print"): "stop", ("bind", "print"): "queue", ("bind", "bind"): "queue"}
"""What the commands of `command` do."""


def lock(shop_id):
    assert db.run("SELECT FROM shops WHERE id = %(id)s FOR UPDATE", {"id": shop_id}).rowcount == 1


@pytest.fixture
def sagas(harness, script):
    """What is printed can be undone up to its second step; the others are about the same sheet."""
    return {
        name: harness.saga(*[then(script.step(step), pivot=step == pivot) for step in steps], name=name)
        for name, steps, pivot in [
            ("print", ("ink", "press", "dry"), "press"), ("cut", ("trim",), "trim"), ("bind", ("sew",), "sew"),
        ]
    }  # fmt: skip


@pytest.fixture
def deliveries(sagas):
    return Deliveries(tuple(sagas.values()))


@pytest.fixture
def target(harness):
    """The row that all these sagas change: a shop."""
    shop = factories.make_shop(factories.make_company())
    harness.company_id = shop.company_id
    return shop.id


@pytest.fixture
def command(harness, sagas, deliveries, target):
    """Command a saga of this name about the target, with a new subject. Returns what was done."""

    def commanding(name, rules=RULES, subject_id=None):
        with locked_target(target, lock, deliveries.find, company_id=harness.company_id) as found:
            request = {"reason": "because", "by": "a test"}
            return found.apply(sagas[name], rules, subject_id=subject_id or new_id(), request=request, now=clock.now())

    return commanding


@pytest.fixture
def names(harness, target):
    """The sagas about the target: their names and states, in the order of their starts."""

    def naming():
        rows = harness.sql(f"SELECT name, state, id FROM sagas WHERE target_id = '{target}' ORDER BY id")
        return [(name, state) for name, state, _ in rows]

    return naming


@pytest.fixture
def ref(harness):
    """The saga of this name."""

    def finding(name):
        [(saga_id,)] = harness.sql(f"SELECT id FROM sagas WHERE name = '{name}'")
        return SagaRef(saga_id, harness.company_id)

    return finding
