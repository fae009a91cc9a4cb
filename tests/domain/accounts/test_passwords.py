"""Passwords: normalisation, hashing and strength."""

import unicodedata

import pytest

from domain.accounts import password_strength, passwords
from kit.errors import Invalid

COMPOSED = "caf\u00e9 \ufb01lm \u4e00\u4e8c"
TYPED = [
    unicodedata.normalize("NFD", COMPOSED),
    "caf\u00e9 \uff46\uff49\uff4c\uff4d \u4e00\u4e8c",
    "cafe\u0301\u00a0film\u3000\u4e00\u4e8c",
]
"""The same on keyboards that differ: decomposed, full-width letters, other spaces."""


class TestMatches:
    def test_matches_only_its_own_hash(self):
        hashed = passwords.hash_password("correct horse")
        assert passwords.matches("correct horse", hashed)
        assert not passwords.matches("wrong horse", hashed)
        assert hashed.startswith("$argon2id$")

    def test_never_matches_without_a_hash(self):
        assert not passwords.matches("the password of nobody", None)

    @pytest.mark.parametrize("typed", TYPED)
    def test_matches_every_unicode_form_of_a_password(self, typed):
        assert passwords.matches(typed, passwords.hash_password(COMPOSED))
        assert passwords.matches(COMPOSED, passwords.hash_password(typed))

    @pytest.mark.parametrize("typed", TYPED)
    def test_accepts_a_hash_of_the_password_as_it_was_typed(self, typed):
        assert passwords.matches(typed, passwords._hasher.hash(typed))

    def test_distinguishes_characters_that_look_alike(self):
        assert not passwords.matches("p\u0430ssword", passwords.hash_password("password"))  # a Cyrillic letter


class TestNeedsRehash:
    def test_is_true_for_a_hash_of_the_password_as_it_was_typed(self):
        assert passwords.needs_rehash(TYPED[0], passwords._hasher.hash(TYPED[0]))
        assert not passwords.needs_rehash(TYPED[0], passwords.hash_password(TYPED[0]))
        assert not passwords.needs_rehash("correct horse", passwords._hasher.hash("correct horse"))


class TestRequireStrong:
    @pytest.mark.parametrize(
        "password",
        [
            "password1",
            "\uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff44\uff11",
            "p4ssw0rd",
            "Ada Lovelace 12",
            "qwertyuiop",
        ],
    )
    def test_refuses_known_and_easily_guessed_passwords(self, password):
        with pytest.raises(Invalid):
            password_strength.require_strong(password, about=("ada@customers.example", "Ada Lovelace"))

    def test_counts_the_characters_of_the_normalized_password(self):
        with pytest.raises(Invalid) as refused:
            password_strength.require_strong("e\u0301" * 7)
        assert refused.value.fields == {"password": ["Shorter than minimum length 8."]}

    @pytest.mark.parametrize(
        "password",
        [
            "correct horse battery",
            "Xk4$9@w!3Kz7",
            "83920475610293847562",
            "\u65e5\u672c\u8a9e\u306e\u3092\u304b\u3051\u308b",
        ],
    )
    def test_accepts_what_is_hard_to_guess(self, password):
        password_strength.require_strong(password)

    def test_keeps_no_facts_about_other_users(self):
        with pytest.raises(Invalid):
            password_strength.require_strong("zyxoplat", about=("zyxoplat",))
        password_strength.require_strong("zyxoplat")
