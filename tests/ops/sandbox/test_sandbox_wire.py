"""The sandbox's protocol, tested with plain HTTP."""

from pathlib import Path
from uuid import uuid4

import pytest
import requests
from stdnum import luhn

from ops.sandbox.cards import CARDS
from tests.sandbox_process import running_sandbox

CARD = {"type": "card", "card[number]": "4242424242424242", "card[exp_month]": "12", "card[exp_year]": "2040"}
HOLD = {
    "amount": "500",
    "currency": "eur",
    "confirm": "true",
    "capture_method": "manual",
    "payment_method": "pm_card_visa",
}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture(scope="module")
def http(sandbox):
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {sandbox.api_key}"
        yield session


@pytest.fixture
def post(sandbox, http):
    def send(path, data=None, *, key=None):
        headers = {"Idempotency-Key": key} if key else {}
        return http.post(f"{sandbox.url}/v1/{path}", data=data, headers=headers, timeout=10)

    return send


@pytest.fixture
def get(sandbox, http):
    return lambda path, **params: http.get(f"{sandbox.url}/v1/{path}", params=params, timeout=10)


class TestStart:
    def test_names_the_sandbox(self, sandbox):
        answer = requests.get(sandbox.url, timeout=10)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
        assert "without real payments" in answer.text


class TestCards:
    @pytest.mark.parametrize("card", CARDS, ids=lambda card: card.token)
    def test_have_valid_numbers_and_ready_made_tokens(self, get, card):
        assert luhn.is_valid(card.number)
        assert get(f"payment_methods/{card.token}").json()["card"]["brand"] == card.brand

    def test_have_the_same_fingerprint_for_every_token(self, get, post):
        card = CARDS[0]
        made = [post("payment_methods", CARD | {"card[number]": card.number}).json()["card"] for _ in range(2)]
        known = get(f"payment_methods/{card.token}").json()["card"]
        assert {each["fingerprint"] for each in (*made, known)} == {card.fingerprint}
        assert len({each.fingerprint for each in CARDS}) == len(CARDS)

    def test_are_identified_by_fingerprint_in_a_decline(self, post):
        error = post("payment_intents", HOLD | {"payment_method": "pm_card_chargeDeclined"}).json()["error"]
        declined = next(card for card in CARDS if card.token == "pm_card_chargeDeclined")
        assert error["payment_method"]["card"]["fingerprint"] == declined.fingerprint

    def test_are_stored_without_number_and_security_code(self, sandbox, post):
        number, cvc = "4000056655665556", "731"
        answer = post("payment_methods", CARD | {"card[number]": number, "card[cvc]": cvc}, key=str(uuid4()))
        card = answer.json()["card"]
        assert len(card.pop("fingerprint")) == 16
        assert card == {"brand": "visa", "last4": "5556", "exp_month": 12, "exp_year": 2040}
        assert number not in answer.text
        for file in Path(sandbox.ledger_path).parent.iterdir():
            assert number.encode() not in file.read_bytes()

    def test_are_refused_unless_they_are_test_cards(self, post):
        answer = post("payment_methods", CARD | {"card[number]": "4539578763621486"})
        assert (answer.status_code, answer.json()["error"]["decline_code"]) == (402, "test_mode_live_card")


class TestRefusals:
    def test_are_sent_without_the_api_key(self, sandbox):
        answer = requests.get(f"{sandbox.url}/v1/payment_intents", timeout=10)
        assert (answer.status_code, answer.json()["error"]["type"]) == (401, "invalid_request_error")

    def test_have_a_request_id(self, get):
        first, second = (get("payment_intents").headers["Request-Id"] for _ in range(2))
        assert first.startswith("req_")
        assert first != second

    @pytest.mark.parametrize(
        ("change", "param"),
        [
            ({"amount": ""}, "amount"),
            ({"amount": "-1"}, "amount"),
            ({"amount": "100000000"}, "amount"),
            ({"amount": "49"}, "amount"),
            ({"amount": "1333", "currency": "kwd"}, "amount"),
            ({"amount": "1050", "currency": "isk"}, "amount"),
            ({"currency": "eurocent"}, "currency"),
            ({"capture_method": "by_hand"}, "capture_method"),
            ({"payment_method": "pm_nobody"}, "payment_method"),
            ({"metadata": "none"}, "metadata"),
        ],
    )
    def test_name_the_wrong_parameter_and_do_not_use_up_the_key(self, post, change, param):
        key = str(uuid4())
        refused = post("payment_intents", HOLD | change, key=key)
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, param)
        assert post("payment_intents", HOLD, key=key).status_code == 200

    def test_are_sent_for_an_unknown_intent(self, get):
        answer = get("payment_intents/pi_nobody")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "resource_missing")

    def test_are_sent_for_an_unknown_path(self, get):
        answer = get("customers")
        assert (answer.status_code, answer.json()["error"]["type"]) == (404, "invalid_request_error")


class TestIdempotency:
    @pytest.mark.parametrize(("method", "status"), [("pm_card_visa", 200), ("pm_card_chargeDeclined", 402)])
    def test_replays_status_and_body(self, post, method, status):
        key, hold = str(uuid4()), HOLD | {"payment_method": method}
        first, second = post("payment_intents", hold, key=key), post("payment_intents", hold, key=key)
        assert first.status_code == second.status_code == status
        assert first.json() == second.json()
        assert "Idempotent-Replayed" not in first.headers
        assert second.headers["Idempotent-Replayed"] == "true"

    @pytest.mark.parametrize("path", ["payment_intents", "refunds"])
    def test_refuses_a_key_used_for_another_request(self, post, path):
        key = str(uuid4())
        post("payment_intents", HOLD, key=key)
        answer = post(path, HOLD | {"amount": "501"}, key=key)
        assert (answer.status_code, answer.json()["error"]["type"]) == (400, "idempotency_error")


class TestPaymentIntents:
    def test_are_captured_at_once_with_automatic_capture(self, post):
        intent = post("payment_intents", HOLD | {"capture_method": "automatic"}).json()
        assert (intent["status"], intent["amount_received"]) == ("succeeded", 500)

    def test_can_be_confirmed_later_with_another_card_after_a_decline(self, post):
        error = post("payment_intents", HOLD | {"payment_method": "pm_card_chargeDeclined"}).json()["error"]
        again = post(f"payment_intents/{error['payment_intent']['id']}/confirm", {"payment_method": "pm_card_visa"})
        assert (again.json()["status"], again.json()["last_payment_error"]) == ("requires_capture", None)

    def test_can_be_captured_and_refunded_in_part(self, post, get):
        intent = post("payment_intents", HOLD).json()["id"]
        taken = post(f"payment_intents/{intent}/capture", {"amount_to_capture": "300"}).json()
        parts = [post("refunds", {"payment_intent": intent, "amount": a}).status_code for a in ("100", "201", "200")]
        charge = get(f"payment_intents/{intent}", **{"expand[]": "latest_charge"}).json()["latest_charge"]
        assert (taken["amount_received"], parts, charge["amount_refunded"]) == (300, [200, 400, 200], 300)
        assert charge["refunded"]

    @pytest.mark.parametrize(("part", "status"), [("1005", 400), ("1010", 200)])
    def test_follow_the_charge_steps_of_their_currency(self, post, part, status):
        intent = post("payment_intents", HOLD | {"amount": "2000", "currency": "kwd"}).json()["id"]
        taken = post(f"payment_intents/{intent}/capture", {"amount_to_capture": part})
        assert taken.status_code == status

    @pytest.mark.parametrize("act", ["capture", "cancel", "confirm"])
    def test_are_returned_with_their_state_when_it_is_too_late(self, post, act):
        intent = post("payment_intents", HOLD | {"capture_method": "automatic"}).json()["id"]
        error = post(f"payment_intents/{intent}/{act}").json()["error"]
        assert (error["code"], error["payment_intent"]["status"]) == ("payment_intent_unexpected_state", "succeeded")


class TestLists:
    def test_are_paged_from_the_newest_to_the_oldest(self, post, get):
        made = [post("payment_intents", HOLD).json()["id"] for _ in range(3)]
        first = get("payment_intents", limit=2).json()
        then = get("payment_intents", limit=1, starting_after=first["data"][-1]["id"]).json()
        assert [intent["id"] for intent in first["data"] + then["data"]] == made[::-1]
        assert first["has_more"]

    def test_can_be_filtered_by_creation_time(self, post, get):
        created = post("payment_intents", HOLD).json()["created"]
        since = {"created[gte]": str(created)}
        assert all(intent["created"] >= created for intent in get("payment_intents", **since).json()["data"])
        assert get("payment_intents", **{"created[gte]": str(created + 3600)}).json()["data"] == []

    def test_can_be_searched_by_metadata(self, post, get):
        order = str(uuid4())
        mine = [post("payment_intents", HOLD | {"metadata[order_id]": order}).json()["id"] for _ in range(2)]
        post("payment_intents", HOLD | {"metadata[order_id]": str(uuid4())})
        found = get("payment_intents/search", query=f"metadata['order_id']:'{order}'").json()
        assert (found["object"], found["has_more"]) == ("search_result", False)
        assert [intent["id"] for intent in found["data"]] == mine[::-1]

    def test_refuse_an_unsupported_search(self, get):
        answer = get("payment_intents/search", query="amount>1000")
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "query")

    def test_show_the_refunds_of_one_intent(self, post, get):
        intent = post("payment_intents", HOLD | {"capture_method": "automatic"}).json()["id"]
        refund = post("refunds", {"payment_intent": intent}).json()
        assert get("refunds", payment_intent=intent).json()["data"] == [refund]
        assert get(f"refunds/{refund['id']}").json() == refund


class TestLedger:
    def test_lists_captured_payments_with_their_orders(self, sandbox, post):
        order = str(uuid4())
        intent = post("payment_intents", HOLD | {"capture_method": "automatic", "metadata[order_id]": order}).json()
        post("refunds", {"payment_intent": intent["id"], "amount": "200"})
        [entry] = [entry for entry in sandbox.ledger() if entry["order_id"] == order]
        assert entry == {
            "id": intent["id"],
            "order_id": order,
            "status": "succeeded",
            "currency": "eur",
            "amount": 500,
            "amount_captured": 500,
            "amount_refunded": 200,
            "created": intent["created"],
        }
