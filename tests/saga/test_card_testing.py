"""Card testing: the number of stolen cards that reach the provider is limited, also under concurrency."""

import pytest

from api.sales import serializers
from domain.notifications.failure_messages import explain
from domain.payments.errors import TooManyDeclines
from domain.payments.gateway import Card
from domain.payments.stripe_gateway import gateway
from kit import db
from kit.tenancy import Tenant
from ops.sandbox.cards import CARDS, DECLINES
from saga.engine.queries import sagas_about
from tests import factories
from tests.saga.order_scenario import OrderScenario, findings

DECLINED = "pm_card_chargeDeclined"
DECLINED_CARDS = [card for card in CARDS if card.behaviour in DECLINES]
TEN_MINUTES = "UPDATE payment_attempts SET declined_at = declined_at - interval '10 minutes'"


@pytest.fixture
def scenario(database, outside_world):
    return OrderScenario(database, on_hand=100)


def asked(sandbox):
    """How many payments the provider was asked for."""
    return len(sandbox.ledger())


def codes(scenario, orders):
    return [scenario.order(order_id).failure["code"] for order_id in orders]


class TestCustomers:
    def test_have_five_payments_declined_and_no_sixth_is_placed(self, scenario, sandbox):
        for _ in range(5):
            scenario.place(method=DECLINED)
            scenario.run_until_idle()
        with pytest.raises(TooManyDeclines) as refused:
            scenario.place(method="pm_card_visa")
        assert 590 < refused.value.seconds <= 600
        assert asked(sandbox) == 5

    def test_go_on_after_ten_minutes(self, scenario):
        for _ in range(5):
            scenario.place(method=DECLINED)
            scenario.run_until_idle()
        scenario.sql(TEN_MINUTES)
        assert scenario.order(scenario.place()).status == "pending"

    @pytest.mark.parametrize("together", [True, False])
    def test_who_place_sixty_orders_before_the_first_is_declined_have_five_declined(self, scenario, sandbox, together):
        orders = [scenario.place(method=DECLINED) for _ in range(60)]
        if together:
            take_together(scenario)
        scenario.run_until_idle()
        assert asked(sandbox) == 5
        assert sorted(codes(scenario, orders)) == ["generic_decline"] * 5 + ["too_many_declines"] * 55
        assert scenario.stock_level() == (100, 0)
        assert findings() == []

    def test_who_pay_with_a_new_token_each_time_have_five_declined(self, scenario, sandbox):
        numbers = ["4000000000000002", "4000000000009995", "4000000000009987", "4000000000009979"] * 4
        tokens = [gateway().tokenise(Card(number, 12, 2040, "123")) for number in numbers]
        for token in tokens:
            scenario.place(method=token.method, card_fingerprint=token.card_fingerprint)
        take_together(scenario)
        scenario.run_until_idle()
        assert asked(sandbox) == 5

    def test_who_order_much_at_once_with_a_good_card_get_it_all(self, scenario, sandbox):
        orders = [scenario.place() for _ in range(40)]
        take_together(scenario)
        scenario.run_until_idle()
        assert {scenario.order(order_id).status for order_id in orders} == {"paid"}

    def test_are_refused_at_other_companies_too(self, scenario, database):
        for _ in range(5):
            scenario.place(method=DECLINED)
            scenario.run_until_idle()
        elsewhere = OrderScenario(database)
        elsewhere.place()
        elsewhere.buyer = scenario.buyer
        with pytest.raises(TooManyDeclines):
            elsewhere.place()


class TestCards:
    def test_are_declined_five_times_for_any_customer(self, scenario, sandbox):
        cards = [gateway().tokenise(Card("4000000000000002", 12, 2040, f"{number:03}")) for number in range(7)]
        for token in cards[:5]:
            scenario.buyer = factories.make_user()
            scenario.place(method=token.method, card_fingerprint=token.card_fingerprint)
            scenario.run_until_idle()
        scenario.buyer = factories.make_user()
        with pytest.raises(TooManyDeclines):
            scenario.place(method=cards[5].method, card_fingerprint=cards[5].card_fingerprint)
        with pytest.raises(TooManyDeclines):
            scenario.place(method=cards[0].method)  # the token alone, which is known from its declines
        scenario.place(method=cards[6].method)  # nobody knows yet which card that is
        assert asked(sandbox) == 5

    def test_are_declined_five_times_by_many_customers_at_once(self, scenario, sandbox):
        for number in range(20):
            token = gateway().tokenise(Card("4000000000000002", 12, 2040, f"{number:03}"))
            scenario.buyer = factories.make_user()
            scenario.place(method=token.method, card_fingerprint=token.card_fingerprint)
        take_together(scenario)
        assert asked(sandbox) == 5


class TestNetworks:
    def test_have_twenty_payments_declined_for_any_customer_and_card(self, scenario, sandbox):
        for method in [card.token for card in DECLINED_CARDS * 3][:20]:
            scenario.buyer = factories.make_user()
            scenario.place(method=method, network_hash=b"one")
            scenario.run_until_idle()
        scenario.buyer = factories.make_user()
        with pytest.raises(TooManyDeclines):
            scenario.place(network_hash=b"one")
        scenario.place(network_hash=b"another")
        assert asked(sandbox) == 20


class TestAnAnswerThatWasLost:
    def test_is_asked_for_again_whatever_was_declined_meanwhile(self, scenario, sandbox, faults):
        faults.inject("authorise_payment", "loses its answer")
        order_id = scenario.place()
        scenario.deliveries.deliver_next("payments.authorise_payment")
        [held] = sandbox.ledger()
        scenario.sql(
            "INSERT INTO payment_attempts (id, company_id, user_id, declined_at)"
            f" SELECT gen_random_uuid(), '{scenario.shop.company_id}', '{scenario.buyer.id}', now()"
            " FROM generate_series(1, 5)"
        )
        scenario.run_until_idle()
        assert scenario.order(order_id).status == "paid"
        assert [intent["id"] for intent in sandbox.ledger()] == [held["id"]]


def take_together(scenario):
    """Have one worker take all orders' steps that wait."""
    deliveries = scenario.deliveries
    deliveries.collect()
    waiting, deliveries.tasks = deliveries.tasks, []
    deliveries.deliver(*(task for task in waiting if task["task"] != "notifications.send_mail"))
    deliveries.collect()


class TestTimelines:
    @pytest.mark.parametrize("card", DECLINED_CARDS, ids=lambda card: card.token)
    def test_show_buyers_none_of_the_providers_words(self, scenario, card):
        order_id = scenario.place(method=card.token)
        scenario.run_until_idle()
        with db.transaction(Tenant(company_id=scenario.shop.company_id)):
            [saga] = sagas_about(subject_id=order_id)
            to_buyer, to_seller = (str(serializers.saga_timeline(saga, to_seller=seller)) for seller in (False, True))
        theirs = DECLINES[card.behaviour]
        assert theirs.message in to_seller
        assert theirs.message not in to_buyer.replace(" ".join(explain(card.behaviour)), "")  # ours may be as short
        assert not any(secret in to_buyer for secret in ("lost_card", "stolen_card"))
