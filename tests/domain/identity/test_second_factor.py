"""Enabling a second factor twice at the same time."""

from domain.identity import second_factor
from domain.identity.models import SecondFactor
from kit import db, encryption
from kit.tenancy import Tenant
from tests import factories
from tests.concurrency import run_concurrently


class TestBegin:
    def test_can_be_done_by_several_at_once_of_whom_the_last_counts(self, database):
        user = factories.make_user()
        mine = Tenant(user_id=user.id)

        def begin():
            with db.transaction(mine):
                return second_factor.start_enrolment(user_id=user.id)

        secrets = run_concurrently(4, begin)
        with db.transaction(mine):
            session = db.session()
            kept = session.get_one(SecondFactor, user.id)
            assert len(secrets) == 4
            assert encryption.decrypt(kept.secret, purpose=second_factor._PURPOSE) in secrets
