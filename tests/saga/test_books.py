"""The books are proven by rules, and every rule finds what it is there to find."""

import pytest

from ops.check import RULES, WAITING, check

BROKEN = {
    "what lies on a shelf is what its movements add up to": "UPDATE stock SET on_hand = on_hand + 1",
    "what is reserved is what live orders hold": "UPDATE stock SET reserved = reserved + 1",
    "only an order whose saga is still at work holds stock": "UPDATE reservations SET state = 'held'",
    "every unit of a paid order, and of no other, is sold": "UPDATE order_lines SET quantity = quantity + 1",
    "no order is without its saga, and no payment is missing": "DELETE FROM sagas",
    "an order and its saga agree about the ending": "UPDATE orders SET status = 'failed'",
    "a payment is what its events say": "DELETE FROM payment_events WHERE type = 'captured'",
    "an ended order is paid for, or it costs nothing": "UPDATE payments SET status = 'authorised'",
    "no step of a saga that was put back is left done": "UPDATE sagas SET state = 'undone'",
    "every saga has ended": "UPDATE sagas SET ended_at = NULL, state = 'finishing'",
    "nothing is left to send": "INSERT INTO outbox (kind, body) VALUES ('task', '{}')",
    "every mail is sent, or its address refused": "UPDATE mails SET status = 'queued'",
    "every buyer was told what became of the order": "DELETE FROM mails",
    "somebody was told of every order": "DELETE FROM mails",
    "no incident is open": """
        INSERT INTO incidents (id, saga_id, company_id, step, phase, error, attempts, opened_at)
        SELECT id, id, company_id, 'commit_stock', 'running', '{}', 1, now() FROM sagas""",
    "the provider's books say the same": "UPDATE payments SET amount = amount + 1",
}


@pytest.fixture
def broken(storefront):
    """The rules that are broken once an order is paid and this is done to its rows."""

    def breaking(statement):
        storefront.place()
        storefront.come_to_rest()
        storefront.sql("SET session_replication_role = replica;" + statement)
        return {rule for rule, found in check(at_rest=True) if found}

    return breaking


class TestCheck:
    @pytest.mark.parametrize("rule", BROKEN)
    def test_finds_what_is_off(self, broken, rule):
        assert rule in broken(BROKEN[rule])

    def test_finds_a_payment_that_the_provider_does_not_know(self, broken):
        assert "the provider's books say the same" in broken("UPDATE payments SET provider_ref = 'pi_none'")

    def test_does_not_miss_a_journal_whose_time_is_over(self, broken):
        rules = broken("UPDATE orders SET placed_at = placed_at - interval '91 days'; DELETE FROM sagas")
        assert "no order is without its saga, and no payment is missing" not in rules

    def test_has_every_rule_broken_here(self):
        assert set(RULES) | set(WAITING) == set(BROKEN) - {"the provider's books say the same"}
