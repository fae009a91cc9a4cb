"""Access tokens: claims, verification and attempts at forgery."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.auth import signing_keys
from api.auth.tokens import ACCESS_TOKEN_LIFETIME, AUDIENCE, CLOCK_SKEW, TYPE
from kit import clock, config
from kit.errors import NotConfigured
from tests import factories

OLD, NEW = "the old key: 32 characters or more", "the new key: 32 characters or more"


@pytest.fixture
def signed_with(monkeypatch):
    """Have the API use these keys, as after a restart."""

    def configure(secrets):
        monkeypatch.setenv("ORDERX_SIGNING_KEYS", secrets)
        config.settings.cache_clear()
        signing_keys.load.cache_clear()

    yield configure
    monkeypatch.undo()
    config.settings.cache_clear()
    signing_keys.load.cache_clear()


@pytest.fixture
def token(api):
    return api.acting_as(factories.make_user()).token


def claims_of(token):
    return jwt.decode(token, options={"verify_signature": False})


def answer_to(api, token):
    answer = api.get("/api/me", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code, answer.json.get("code")


def signed(claims, *, kid=None, typ=TYPE):
    key = signing_keys.load()[0]
    return jwt.encode(claims, key.private, algorithm="EdDSA", headers={"kid": kid or key.kid, "typ": typ})


def unpadded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class TestToken:
    def test_has_key_id_and_type(self, token):
        header = jwt.get_unverified_header(token)
        assert header == {"alg": "EdDSA", "typ": "at+jwt", "kid": signing_keys.load()[0].kid}

    def test_is_valid_for_15_minutes(self, token):
        claims = claims_of(token)
        assert claims["exp"] - claims["iat"] == 15 * 60
        assert (claims["iss"], claims["aud"]) == ("https://orderx.example", "orderx")

    def test_signed_by_us_with_other_claims_is_accepted(self, api, token):  # or the attacks below prove nothing
        assert answer_to(api, signed(claims_of(token)))[0] == 200


class TestForgery:
    def test_without_a_signature_is_refused(self, api, token):
        kid = signing_keys.load()[0].kid
        unsigned = jwt.encode(claims_of(token), None, algorithm="none", headers={"kid": kid, "typ": TYPE})
        assert answer_to(api, unsigned) == (401, "token_invalid")
        assert answer_to(api, token.rpartition(".")[0] + ".") == (401, "token_invalid")

    @pytest.mark.parametrize("named", ["ours", "its own", "none"])
    def test_by_another_key_is_refused_for_any_key_id(self, api, token, named):
        headers = {
            "typ": TYPE,
            **{"ours": {"kid": signing_keys.load()[0].kid}, "its own": {"kid": "x"}}.get(named, {}),
        }
        forged = jwt.encode(claims_of(token), Ed25519PrivateKey.generate(), algorithm="EdDSA", headers=headers)
        assert answer_to(api, forged) == (401, "token_invalid")

    def test_with_the_public_key_as_a_shared_secret_is_refused(self, api, token):
        ours = signing_keys.load()[0]
        header = {"alg": "HS256", "typ": TYPE, "kid": ours.kid}
        text = ".".join(unpadded(json.dumps(part).encode()) for part in (header, claims_of(token)))
        mac = hmac.digest(ours.public.public_bytes_raw(), text.encode(), hashlib.sha256)
        assert answer_to(api, f"{text}.{unpadded(mac)}") == (401, "token_invalid")

    def test_that_brings_its_own_key_is_refused(self, api, token):
        private = Ed25519PrivateKey.generate()
        jwk = {"kty": "OKP", "crv": "Ed25519", "x": unpadded(private.public_key().public_bytes_raw())}
        headers = {
            "typ": TYPE,
            "kid": signing_keys.load()[0].kid,
            "jwk": jwk,
            "jku": "https://evil.example/jwks.json",
        }
        forged = jwt.encode(claims_of(token), private, algorithm="EdDSA", headers=headers)
        assert answer_to(api, forged) == (401, "token_invalid")

    def test_with_the_claims_of_a_valid_token_is_refused(self, api, token):
        header, _, signature = token.split(".")
        raised = unpadded(json.dumps({**claims_of(token), "role": "super_admin"}).encode())
        assert answer_to(api, f"{header}.{raised}.{signature}") == (401, "token_invalid")

    @pytest.mark.parametrize("wrong", [{"aud": "another"}, {"aud": None}, {"iss": "https://evil.example"}])
    def test_for_another_issuer_or_audience_is_refused(self, api, token, wrong):
        assert answer_to(api, signed({**claims_of(token), **wrong})) == (401, "token_invalid")

    @pytest.mark.parametrize("lacking", ["exp", "aud", "iss", "sub", "sid", "jti", "iat"])
    def test_without_a_claim_is_refused(self, api, token, lacking):
        claims = claims_of(token)
        del claims[lacking]
        assert answer_to(api, signed(claims)) == (401, "token_invalid")

    def test_of_another_kind_of_token_is_refused(self, api, token):
        assert answer_to(api, signed(claims_of(token), typ="JWT")) == (401, "token_invalid")

    def test_that_has_expired_is_refused(self, api, token):
        past = clock.now() - CLOCK_SKEW - timedelta(seconds=1)
        claims = {**claims_of(token), "iat": past - ACCESS_TOKEN_LIFETIME, "exp": past}
        assert answer_to(api, signed(claims)) == (401, "token_expired")

    def test_that_is_not_valid_yet_is_refused(self, api, token):
        assert answer_to(api, signed({**claims_of(token), "nbf": clock.now() + timedelta(minutes=1)})) == (
            401, "token_invalid",
        )  # fmt: skip

    def test_that_was_valid_is_refused_once_expired(self, api, token, monkeypatch):
        assert answer_to(api, token)[0] == 200
        later = clock.now() + ACCESS_TOKEN_LIFETIME + CLOCK_SKEW + timedelta(seconds=1)
        monkeypatch.setattr(clock, "now", lambda: later)
        assert answer_to(api, token) == (401, "token_expired")

    def test_from_the_future_is_refused(self, api, token):
        future = clock.now() + timedelta(minutes=1)
        claims = {**claims_of(token), "iat": future, "exp": future + ACCESS_TOKEN_LIFETIME}
        assert answer_to(api, signed(claims)) == (401, "token_invalid")


class TestRotation:
    def test_verifies_with_every_key_and_signs_with_the_first(self, api, signed_with):
        signed_with(OLD)
        user = factories.make_user()
        before = api.acting_as(user).token
        signed_with(f"{NEW},{OLD}")
        after = api.acting_as(user).token
        assert answer_to(api, before)[0] == answer_to(api, after)[0] == 200
        assert jwt.get_unverified_header(after)["kid"] != jwt.get_unverified_header(before)["kid"]
        signed_with(NEW)
        assert answer_to(api, before) == (401, "token_invalid")
        assert answer_to(api, after)[0] == 200

    @pytest.mark.parametrize(
        ("secrets", "complaint"),
        [("short", "32 characters"), (f"{OLD},short", "32"), (f"{OLD}, {NEW}", "commas"), (f"{OLD},{OLD}", "twice")],
    )
    def test_is_refused_with_malformed_keys(self, signed_with, secrets, complaint):
        signed_with(secrets)
        with pytest.raises(NotConfigured, match=f"ORDERX_SIGNING_KEYS.*{complaint}") as refused:
            signing_keys.load()
        assert OLD not in refused.value.message


class TestPublishedKeys:
    def test_verify_our_tokens(self, api, signed_with):
        signed_with(f"{NEW},{OLD}")
        answer = api.get("/.well-known/jwks.json")
        assert "max-age" in answer.headers["Cache-Control"]
        published = jwt.PyJWKSet.from_dict(answer.json)
        token = api.acting_as(factories.make_user()).token
        key = published[jwt.get_unverified_header(token)["kid"]]
        assert jwt.decode(token, key, algorithms=["EdDSA"], audience=AUDIENCE)["role"] == "customer"

    def test_do_not_contain_the_private_keys(self, api):
        (key,) = api.get("/.well-known/jwks.json").json["keys"]
        assert key.keys() == {"kty", "crv", "x", "kid", "use", "alg"}
