"""The keys that sign access tokens: Ed25519 pairs made from ORDERX_SIGNING_KEYS, and what the world is told of them."""

import base64
import hashlib
import json
from dataclasses import dataclass
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kit.config import settings

ALGORITHM = "EdDSA"
_PURPOSE = b"orderx access tokens"


@dataclass(frozen=True, slots=True, eq=False)
class SigningKey:
    """A pair of keys; `kid`, by which tokens name it, is its RFC 7638 thumbprint."""

    kid: str
    private: Ed25519PrivateKey
    public: Ed25519PublicKey
    jwk: dict[str, str]


@cache
def signing_keys() -> tuple[SigningKey, ...]:
    """The keys of the settings: the first signs, all verify. Raises NotConfigured when there are none."""
    return tuple(_made_from(secret) for secret in settings().require("signing_keys").split(","))


def published() -> dict[str, list[dict[str, str]]]:
    """The public halves as a JWK Set (RFC 7517), for whoever wants to verify our tokens."""
    return {"keys": [{**key.jwk, "kid": key.kid, "use": "sig", "alg": ALGORITHM} for key in signing_keys()]}


def _made_from(secret: str) -> SigningKey:
    # Any 32 bytes are an Ed25519 key (RFC 8032), so the setting can be a plain secret, and no file is needed.
    seed = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret.encode())
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public = private.public_key()
    jwk = {"crv": "Ed25519", "kty": "OKP", "x": _base64(public.public_bytes_raw())}
    canonical = json.dumps(jwk, sort_keys=True, separators=(",", ":"))
    return SigningKey(_base64(hashlib.sha256(canonical.encode()).digest()), private, public, jwk)


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
