"""Random walks along the links of the OpenAPI document get documented answers only."""

from collections import Counter

import pytest
from hypothesis import seed
from hypothesis.stateful import run_state_machine_as_test

from tests.api.policies import BODIES
from tests.api.world import World, filled
from tests.security.document import AS_DOCUMENTED, document_of, with_existing_ids
from tests.security.example_counts import one_walk, walk_seeds

pytestmark = pytest.mark.slow


def test_every_answer_is_documented(database, world):
    document = document_of(world.app)
    document.config.phases.stateful.inference.algorithms = []  # the links that we document ourselves
    followed: Counter[str] = Counter()

    class Walk(document.as_state_machine()):
        """Random walks as an admin, each with a new database."""

        def setup(self):
            self.world = World(database)
            self.ids = {name: str(value) for name, value in self.world.places["own shop"].items()}
            self.order = filled(BODIES["orders.place_order"], self.ids)

        def before_call(self, case):
            is_good_order = case.operation.label == "POST /api/orders" and case.meta.generation.mode.is_positive
            case.body = self.order if is_good_order else with_existing_ids(case.body, self.ids)

        def get_call_kwargs(self, case):
            return {"headers": {"Authorization": f"Bearer {self.world.callers['company_admin'].token}"}}

        def after_call(self, response, case):
            if "{" in case.operation.path and response.status_code < 300:
                followed[case.operation.label] += 1

        def validate_response(self, response, case, **_):
            case.validate_response(response, checks=AS_DOCUMENTED)

    for number in walk_seeds(3):
        try:
            run_state_machine_as_test(seed(number)(Walk), settings=one_walk(steps=20))
        except BaseException as fault:
            fault.add_note(f"on walk {number}")
            raise
    assert len(followed) > 3
