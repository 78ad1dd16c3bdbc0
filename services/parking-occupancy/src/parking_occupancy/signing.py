# SPDX-License-Identifier: EUPL-1.2
"""Signs what signs say, with keys whose secrets are in the environment or in files."""

from __future__ import annotations

import hmac
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from parking_occupancy.domain.sign import Sign
from parking_occupancy.domain.signing import Algorithm, SigningKey
from stadttakt_messages.states import Signature
from stadttakt_runtime.secret_files import named_secret

SECRET_BYTES = 32
REMEMBERED = 4096
"""One answer leaves by HTTP, by stream and by MQTT, and is signed once."""


class UnusableKeyError(ValueError):
    """A signing key's secret is missing or no key."""


class Ed25519Signer:
    """Signs with a key pair that all signs share (RFC 8032)."""

    def __init__(self, secret: bytes) -> None:
        if secret.startswith(b"-----BEGIN"):
            key = load_pem_private_key(secret, password=None)
            if not isinstance(key, Ed25519PrivateKey):
                raise ValueError("the PEM holds no Ed25519 key")
            self._key = key
        else:
            self._key = Ed25519PrivateKey.from_private_bytes(_of_base64(secret, exactly=True))
        self._sign = lru_cache(REMEMBERED)(self._key.sign)

    def sign(self, _sign_id: str, message: bytes) -> bytes:
        """Return 64 bytes."""
        return self._sign(message)

    def public_key(self) -> bytes:
        """Return the 32 bytes that verify what this key signed."""
        return self._key.public_key().public_bytes_raw()


class HmacSigner:
    """Signs with a secret of each sign's own, so that a stolen controller forges one sign only."""

    def __init__(self, secret: bytes) -> None:
        self._master = _of_base64(secret, exactly=False)
        self._key_of = lru_cache(REMEMBERED)(self.key_of)

    def sign(self, sign_id: str, message: bytes) -> bytes:
        """Return 32 bytes."""
        return hmac.digest(self._key_of(sign_id), message, "sha256")

    def key_of(self, sign_id: str) -> bytes:
        """Return the 32 bytes that the sign's controller must have: HKDF-SHA-256 (RFC 5869)."""
        info = b"stadttakt/sign/" + sign_id.encode()
        return HKDF(SHA256(), SECRET_BYTES, salt=None, info=info).derive(self._master)


Signer = Ed25519Signer | HmacSigner


class Signatures:
    """The usable keys by id."""

    def __init__(self, signers: Mapping[str, Signer]) -> None:
        self._signers = signers

    def of(self, sign: Sign, message: bytes) -> Signature | None:
        """Return the signature of a message of a sign; none without a usable key."""
        signer = self._signers.get(sign.key_id or "")
        if signer is None:
            return None
        return Signature(
            key_id=sign.key_id or "",
            algorithm=algorithm_of(signer).value,
            value=base64url(signer.sign(sign.sign_id, message)),
        )

    def missing(self, signs: Iterable[Sign]) -> int:
        """Return how many signs should be signed and cannot be."""
        return sum(1 for sign in signs if sign.key_id and sign.key_id not in self._signers)

    def public_keys(self) -> dict[str, bytes]:
        """Return the public keys by id."""
        return {
            key_id: signer.public_key()
            for key_id, signer in self._signers.items()
            if isinstance(signer, Ed25519Signer)
        }


def algorithm_of(signer: Signer) -> Algorithm:
    """Return the name of how a signer signs."""
    return Algorithm.ED25519 if isinstance(signer, Ed25519Signer) else Algorithm.HMAC_SHA256


def load_signatures(keys: Iterable[SigningKey]) -> tuple[Signatures, dict[str, str]]:
    """Return what can be signed with, and of the other keys why not."""
    signers: dict[str, Signer] = {}
    faults: dict[str, str] = {}
    for key in keys:
        try:
            signers[key.key_id] = load_signer(key)
        except UnusableKeyError as error:
            faults[key.key_id] = str(error)
    return Signatures(signers), faults


def load_signer(key: SigningKey) -> Signer:
    """Return the signer of a key; the error never tells a secret."""
    try:
        secret = _secret(key)
        return Ed25519Signer(secret) if key.algorithm is Algorithm.ED25519 else HmacSigner(secret)
    except OSError as error:
        raise UnusableKeyError(
            f"{key.secret_file or key.secret_variable}: {error.strerror}"
        ) from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UnusableKeyError(str(error)) from error


def _secret(key: SigningKey) -> bytes:
    if key.secret_variable is None:
        return Path(key.secret_file or "").read_bytes().strip()
    secret = (named_secret(key.secret_variable) or "").strip()
    if not secret:
        name = key.secret_variable
        raise ValueError(
            f"the environment variable {name} is not set, and no secret file has its name"
        )
    return secret.encode()


def _of_base64(secret: bytes, *, exactly: bool) -> bytes:
    padded = secret.translate(bytes.maketrans(b"-_", b"+/")) + b"=" * (-len(secret) % 4)
    try:
        decoded = b64decode(padded, validate=True)
    except ValueError:
        raise ValueError("the secret is neither PEM nor base64") from None
    if len(decoded) < SECRET_BYTES or (exactly and len(decoded) != SECRET_BYTES):
        wanted = f"{SECRET_BYTES} bytes" if exactly else f"at least {SECRET_BYTES} bytes"
        raise ValueError(f"the secret has {len(decoded)} bytes instead of {wanted}")
    return decoded


def canonical(document: bytes) -> bytes:
    """Return JSON in its canonical form (RFC 8785), if it holds no fractions or huge numbers."""
    return orjson.dumps(orjson.loads(document), option=orjson.OPT_SORT_KEYS)


def text_message(sign_id: str, sequence: int, *, valid_until: str, text: str) -> bytes:
    """Return what the signature of a text answer is of."""
    return f"{sign_id}\n{sequence}\n{valid_until}\n{text}".encode()


def base64url(value: bytes) -> str:
    """Return bytes as base64url without padding, as JOSE has them."""
    return urlsafe_b64encode(value).rstrip(b"=").decode()
