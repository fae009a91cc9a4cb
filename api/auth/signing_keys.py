"""The keys that sign access tokens: Ed25519 key pairs derived from ORDERX_SIGNING_KEYS."""

import hashlib
import json
from dataclasses import dataclass
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from jwt.algorithms import OKPAlgorithm
from jwt.utils import base64url_encode

from kit.config import settings

ALGORITHM = "EdDSA"
_PURPOSE = b"orderx access tokens"


@dataclass(frozen=True, slots=True, eq=False)
class SigningKey:
    """A key pair. Its `kid`, which tokens name in their header, is its RFC 7638 thumbprint."""

    kid: str
    private: Ed25519PrivateKey
    public: Ed25519PublicKey
    jwk: dict[str, str]


@cache
def load() -> tuple[SigningKey, ...]:
    """The keys from the settings: the first one signs, all of them verify. Raises NotConfigured if there are none."""
    return tuple(_derive(secret) for secret in settings().require("signing_keys").split(","))


def jwk_set() -> dict[str, list[dict[str, str]]]:
    """The public keys as a JWK Set (RFC 7517), for services that verify our tokens."""
    return {"keys": [{**key.jwk, "kid": key.kid, "use": "sig", "alg": ALGORITHM} for key in load()]}


def _derive(secret: str) -> SigningKey:
    # Any 32 bytes are an Ed25519 private key (RFC 8032), so the setting can be a plain secret instead of a key file.
    seed = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret.encode())
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public = private.public_key()
    jwk = OKPAlgorithm.to_jwk(public, as_dict=True)
    return SigningKey(_thumbprint(jwk), private, public, jwk)


def _thumbprint(jwk: dict[str, str]) -> str:
    """RFC 7638. PyJWT has no function for it."""
    canonical = json.dumps(jwk, sort_keys=True, separators=(",", ":"))
    return base64url_encode(hashlib.sha256(canonical.encode()).digest()).decode()
