import pytest

from saga.engine.definition import afterwards, then, together
from saga.engine.errors import Refused, TryAgain
from saga.engine.retries import Retries
from tests.saga.incidents.stuck_saga import StuckSaga


@pytest.fixture
def sequential(harness, script):
    """Stuck past the pivot, with one more step to run."""
    script.answers["cut"] = [TryAgain("busy")] * 2
    cut = script.step("cut", retries=Retries(limit=2))
    return StuckSaga(harness, harness.saga(then(script.step("fold"), pivot=True), then(cut), then(script.step("glue"))))


@pytest.fixture
def at_the_last_step(harness, script):
    script.answers["cut"] = [Refused("no")]
    cut = script.step("cut", undo=False)
    return StuckSaga(harness, harness.saga(then(script.step("fold"), pivot=True), then(cut)))


@pytest.fixture
def parallel(harness, script):
    """StuckSaga past the pivot in a parallel stage; the message of the other step is ignored."""
    script.answers["cut"] = [Refused("no")]
    stages = then(script.step("fold"), pivot=True), together(script.step("cut"), script.step("glue"))
    return StuckSaga(harness, harness.saga(*stages))


@pytest.fixture
def finishing(harness, script):
    """StuckSaga in an afterwards step; the message of the other one is ignored."""
    script.answers["show"] = [Refused("no")]
    return StuckSaga(harness, harness.saga(then(script.step("fold")), afterwards(*map(script.step, ("show", "tell")))))


@pytest.fixture
def compensating(harness, script):
    """Stuck in the first of two undos."""
    script.answers |= {"glue": [Refused("no")], "un_cut": [TryAgain("busy")] * 2}
    glue, cut = script.step("glue", undo=False), script.step("cut")
    cut.undo_retries = Retries(limit=2)
    return StuckSaga(harness, harness.saga(then(script.step("fold")), then(cut), then(glue)))


@pytest.fixture
def undecided(harness, script):
    """StuckSaga because a hook failed while no step was running."""
    script.answers["when_done"] = [ValueError("?")]
    return StuckSaga(harness, harness.saga(together(script.step("fold"), script.step("cut"))))


STUCK = ["sequential", "at_the_last_step", "parallel", "finishing", "compensating", "undecided"]


@pytest.fixture(params=STUCK)
def stuck(request):
    return request.getfixturevalue(request.param)
