"""Passwords crafted to be expensive are checked in bounded time, and only after the link's token."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zxcvbn import matching

from domain.accounts import password_strength
from domain.accounts.password_strength import MAX_SCORED_LENGTH, MAX_SUBSTITUTIONS, scored_part
from kit import secret_tokens
from kit.errors import Invalid
from tests.security.example_counts import examples

CRAFTED = "4@8({[<3691!|0$5+7%2/" * 2
SUBSTITUTES = "4@8({[<3691!|0$5+7%2"
MAX_LOOK_UPS = 20_000
"""Upper bound of the parts of a password, including variants, that are looked up in the dictionaries."""
costly = st.text(st.sampled_from(SUBSTITUTES + "aeiostlbcgxz/ "), min_size=8, max_size=200)


def look_ups(password):
    """The number of dictionary look-ups for a password; each takes about a microsecond."""
    looked, real = [], matching.dictionary_match

    def counting(text, *args, **named):
        looked.append(len(text) * (len(text) + 1) // 2)
        return real(text, *args, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matching, "dictionary_match", counting)
        with suppress(Invalid):
            password_strength.require_strong(password, about=("ada@customers.example", "Ada Lovelace"))
    return sum(looked)


@pytest.mark.parametrize("password", [CRAFTED, SUBSTITUTES * 10, "0<ri5o8<y7q72$[3y2h%[0!o!6a57h<9" * 6, "1|7" * 66])
def test_a_crafted_password_costs_no_more_than_others(password):
    assert 0 < look_ups(password) < MAX_LOOK_UPS


@examples(50)
@given(costly)
def test_no_password_costs_more(password):
    assert look_ups(password) < MAX_LOOK_UPS


@examples(200)
@given(costly)
def test_checks_the_longest_prefix_within_the_bound(password):
    part = scored_part(password)
    assert password.startswith(part)
    assert (
        len(part) in (MAX_SCORED_LENGTH, len(password))
        or password_strength._count_substitutions(password[: len(part) + 1]) > MAX_SUBSTITUTIONS
    )


@pytest.mark.parametrize("path", ["verify-email", "reset-password"])
def test_is_not_checked_without_a_valid_link(api, monkeypatch, path):
    monkeypatch.setattr(password_strength, "require_strong", lambda *_, **__: pytest.fail("it was judged"))
    answer = api.post(f"/api/auth/{path}", {"token": secret_tokens.new_token(), "password": CRAFTED})
    assert (answer.status_code, answer.json["code"]) == (409, "link_expired")
