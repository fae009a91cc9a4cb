"""Secrets of real requests appear in no log line, no error and no row of the database."""

import contextlib
import io

import psycopg
import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn

from kit import clock
from tests import factories
from tests.api.client import Api
from tests.api.policies import BODIES
from tests.api.world import filled
from tests.security.example_counts import examples
from tests.security.test_mass_assignment import GOOD

IN_MAILS = "context ? 'link'"
"""Unsent mails contain their links; test_accounts.py checks that the links are deleted after sending."""
CARD = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2040, "cvc": "8642"}
CHOSEN = "wool lamp harbour seventeen"


@pytest.fixture
def kept(database):
    """Every row of every table, as text, bytes in hex."""
    tables = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"

    def read():
        with psycopg.connect(database) as owner:
            owner.execute(f"UPDATE mails SET context = '{{}}' WHERE {IN_MAILS}")
            names = [name for (name,) in owner.execute(tables).fetchall()]
            rows = [owner.execute(f"SELECT t::text FROM {name} t").fetchall() for name in names]
            owner.rollback()
        return "\n".join(row for found in rows for (row,) in found)

    return read


def card_numbers():
    """Valid card numbers, grouped or not."""
    begun = st.one_of(
        st.from_regex(r"4[0-9]{14}|5[1-5][0-9]{13}|2[2-7][0-9]{13}|35[0-9]{13}|6[0-9]{14,17}", fullmatch=True),
        st.from_regex(r"3[47][0-9]{12}", fullmatch=True),
    )
    return begun.map(lambda digits: digits + luhn.calc_check_digit(digits))


def texts(body, path=()):
    """The path of every text in the body."""
    for key, inner in body.items() if isinstance(body, dict) else enumerate(body):
        if isinstance(inner, dict | list):
            yield from texts(inner, (*path, key))
        elif isinstance(inner, str):
            yield (*path, key)


def put(body, path, value):
    for key in path[:-1]:
        body = body[key]
    body[path[-1]] = value


class TestSecretsOfALife:
    def test_are_neither_stored_nor_logged_nor_returned(self, world, kept):
        """One user calls every endpoint that takes or returns a secret, with valid and invalid input."""
        api = Api(world.app)
        user = factories.make_member(world.company)
        with contextlib.redirect_stdout(io.StringIO()) as said:
            wrong = [api.post("/api/auth/login", {"email": user.email, "password": CHOSEN})]
            pair = api.post("/api/auth/login", {"email": user.email, "password": factories.PASSWORD}).json
            pair = api.post("/api/auth/refresh", {"refresh_token": pair["refresh_token"]}).json
            me = Api(world.app, pair["access_token"])
            passwords = {"current_password": factories.PASSWORD, "password": CHOSEN}
            assert me.put("/api/me/password", passwords).status_code == 204
            offered = me.post("/api/me/second-factor", {"password": CHOSEN}).json
            code = pyotp.TOTP(offered["secret"]).at(clock.now())
            recovery = me.post("/api/me/second-factor/confirm", {"code": code}).json["recovery_codes"]
            key = me.post("/api/keys", {"name": "Robot", "permissions": ["read_stock"]}).json["secret"]
            order = filled(BODIES["orders.place_order"], world.places["own shop"])
            order["payment"] = {"card": {**CARD, "number": "378282246310005"}}
            assert me.post("/api/orders", order).status_code == 202
            order["payment"] = {"card": {**CARD, "cvc": "86421"}}
            wrong += [
                me.post("/api/orders", order),
                me.post("/api/auth/login", {"email": user.email, "password": CHOSEN, "code": recovery[0] + "x"}),
                me.post("/api/auth/refresh", {"refresh_token": pair["refresh_token"], "code": key}),
                me.get("/api/me", headers={"Authorization": f"Bearer {pair['access_token']}x"}),
                me.get("/api/me", headers={"Authorization": f"Bearer {key}x"}),
                me.get("/api/shops", query_string={"after": key, CARD["number"]: CARD["number"]}),
            ]
        secrets = [
            factories.PASSWORD, CHOSEN, pair["access_token"], pair["refresh_token"], offered["secret"], key, *recovery,
            "378282246310005", CARD["number"], "86421",
        ]  # fmt: skip
        rows, problems = kept(), "".join(answer.text for answer in wrong)
        assert all(answer.status_code >= 400 for answer in wrong)
        for secret in secrets:
            for form in (secret, secret.encode().hex(), secret.replace("-", "")):
                assert form not in rows
                assert form not in said.getvalue()
                assert form not in problems


class TestCardNumbers:
    @examples(30)
    @given(number=card_numbers(), gap=st.sampled_from(("", " ", "-", ".")), data=st.data())
    def test_in_any_text_of_any_body_are_refused_and_not_stored(self, world, kept, number, gap, data):
        ids = {**world.places["own shop"], "newcomer": "grace@customers.example"}
        rules = {rule.endpoint.partition(".")[2]: rule for rule in world.app.url_map.iter_rules()}
        name = data.draw(st.sampled_from(sorted(name for name in GOOD if any(texts(GOOD[name])))))
        body = filled(GOOD[name], ids)
        at = data.draw(st.sampled_from(sorted(texts(body), key=str)))
        written = gap.join(number[place : place + 4] for place in range(0, len(number), 4))
        put(body, at, data.draw(st.sampled_from(("{}", "{}@card.example", "card {} 12/30"))).format(written))
        path = rules[name].build({each: ids[each] for each in rules[name].arguments})[1]
        method = next(iter(rules[name].methods - {"HEAD", "OPTIONS"}))
        with contextlib.redirect_stdout(io.StringIO()) as said:
            answer = world.callers["super_admin"].request(method, path, json=body)
        if at[-1] != "password":  # hashed
            assert answer.status_code == 422, (name, at)
        for form in (number, written):
            assert form not in said.getvalue()
            assert form not in answer.text
            assert form not in kept()
