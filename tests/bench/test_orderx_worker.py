import inspect

import pytest

from bench.peers.orderx_worker import InstantGateway, InstantMailer
from domain.notifications.mailer import SmtpMailer
from domain.payments.stripe_gateway import StripeGateway

REPLACED = {InstantGateway: StripeGateway, InstantMailer: SmtpMailer}
METHODS = [(stand_in, name) for stand_in in REPLACED for name in vars(stand_in) if not name.startswith("_")]


@pytest.mark.parametrize(("stand_in", "method"), METHODS)
def test_takes_the_arguments_that_the_product_passes(stand_in, method):
    arguments = [list(inspect.signature(getattr(each, method)).parameters) for each in (stand_in, REPLACED[stand_in])]
    assert arguments[0] == arguments[1]
