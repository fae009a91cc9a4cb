"""Enabling a second factor twice at the same time."""

from domain.accounts import second_factor
from domain.accounts.models import SecondFactor
from kit import db, encryption
from kit.tenancy import Tenant
from tests import factories
from tests.concurrency import run_concurrently


class TestStartEnrolment:
    def test_keeps_the_last_of_concurrent_secrets(self, database):
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
