# SPDX-License-Identifier: EUPL-1.2
"""Seals contact data with a key from a file, and hashes addresses so that they can be found again."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from stadttakt_runtime.errors import OperatorError

KEY_BYTES = 32
NONCE_BYTES = 12
TOKEN_BYTES = 24


@dataclass(frozen=True, slots=True)
class Contact:
    """Who submitted an idea; exists in clear only where it is used, and shows nothing of itself."""

    name: str = ""
    email: str = ""
    phone: str = ""
    organisation: str = ""

    def __repr__(self) -> str:
        return "Contact(…)"


class KeyFileError(OperatorError):
    """The file of keys is missing or holds none."""


class Vault:
    """Seals with the first key of the file and opens with any: a new first line changes the key."""

    def __init__(self, keys: tuple[bytes, ...]) -> None:
        self._keys = {key_id(key): key for key in keys}
        self._first = keys[0]

    @classmethod
    def of_file(cls, file: Path) -> Vault:
        """Read the keys, one per line in base64, the one in use first; raises KeyFileError."""
        try:
            lines = [each.strip() for each in file.read_text(encoding="ascii").splitlines()]
            keys = tuple(base64.b64decode(each, validate=True) for each in lines if each)
        except (OSError, UnicodeDecodeError, binascii.Error) as error:
            raise KeyFileError(f"{file}: the key of contact data cannot be read") from error
        if not keys or any(len(each) != KEY_BYTES for each in keys):
            raise KeyFileError(f"{file}: each line must be {KEY_BYTES} bytes in base64")
        return cls(keys)

    def seal(self, contact: Contact, idea_id: str) -> tuple[str, bytes]:
        """Return the key's id and the sealed data, which open for this idea only."""
        return self.seal_bytes(orjson.dumps(asdict(contact)), idea_id.encode())

    def open(self, key: str, sealed: bytes, idea_id: str) -> Contact:
        """Return what was sealed; raises KeyFileError where the key is gone or is another."""
        return Contact(**orjson.loads(self.open_bytes(key, sealed, idea_id.encode())))

    def seal_bytes(self, clear: bytes, bound_to: bytes) -> tuple[str, bytes]:
        """Return the key's id and sealed bytes, which open together with what they are bound to."""
        nonce = new_nonce()
        sealed = _cipher(self._first).encrypt(nonce, clear, bound_to)
        return key_id(self._first), nonce + sealed

    def open_bytes(self, key: str, sealed: bytes, bound_to: bytes) -> bytes:
        """Return what was sealed; raises KeyFileError where the key is gone or is another."""
        if key not in self._keys:
            raise KeyFileError(f"the key {key} of contact data is not in the file")
        nonce, body = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            return _cipher(self._keys[key]).decrypt(nonce, body, bound_to)
        except InvalidTag as error:
            raise KeyFileError("what was sealed does not open") from error

    def status_token(self, idea_id: str, key: str | None = None) -> str:
        """Return the secret of an idea's status link, which mails can tell again and again."""
        secret = self._first if key is None else self._keys.get(key)
        if secret is None:
            raise KeyFileError(f"the key {key} of contact data is not in the file")
        digest = hmac.digest(_derived(secret, b"status"), idea_id.encode(), "sha256")
        return base64.urlsafe_b64encode(digest[:TOKEN_BYTES]).decode()

    def derived(self, purpose: bytes) -> bytes:
        """Return a key for another purpose, the same in every process that has the file."""
        return _derived(self._first, purpose)

    def address_hash(self, email: str) -> bytes | None:
        """Return what an address is found by under the key in use; nothing for none."""
        return _hash(self._first, email) if email else None

    def address_hashes(self, email: str) -> list[bytes]:
        """Return what an address may be found by, under any key."""
        return [_hash(key, email) for key in self._keys.values()]


class Stamp:
    """Signs when a form was begun, so that what answers at once is known for a machine."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def at(self, moment: datetime) -> str:
        """Return a moment with its signature."""
        seconds = str(int(moment.timestamp()))
        return f"{seconds}.{hmac.digest(self._key, seconds.encode(), 'sha256').hex()[:32]}"

    def moment(self, stamp: str) -> datetime | None:
        """Return the moment of a stamp; nothing where it is not ours."""
        seconds, _, _ = stamp.partition(".")
        if not (seconds.isascii() and seconds.isdigit() and len(seconds) < 12):
            return None
        moment = datetime.fromtimestamp(int(seconds), UTC)
        is_ours = hmac.compare_digest(self.at(moment).encode(), stamp.encode(errors="replace"))
        return moment if is_ours else None

    def is_between(self, stamp: str, least_s: int, most_s: int, now: datetime) -> bool:
        """Tell whether a stamp is ours and as old as a form that somebody fills in."""
        moment = self.moment(stamp)
        return moment is not None and least_s <= (now - moment).total_seconds() <= most_s


def new_key() -> str:
    """Return a line for the file of keys."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def new_nonce() -> bytes:
    """Return what a cipher takes beside its key, never twice the same."""
    return secrets.token_bytes(NONCE_BYTES)


def new_token() -> str:
    """Return the secret of a status link."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> bytes:
    """Return what is stored of a status link's secret."""
    return hashlib.sha256(token.encode()).digest()


def new_pseudonym() -> str:
    """Return a name that stands for who submitted one idea and says nothing of them."""
    return f"Ideengeber-{secrets.token_hex(4)}"


def key_id(key: bytes) -> str:
    """Return the name of a key, which tells nothing of it."""
    return _derived(key, b"id").hex()[:12]


def _derived(key: bytes, purpose: bytes) -> bytes:
    info = b"stadttakt contact " + purpose
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=info).derive(key)


def _cipher(key: bytes) -> AESGCM:
    return AESGCM(_derived(key, b"seal"))


def _hash(key: bytes, email: str) -> bytes:
    return hmac.digest(_derived(key, b"address"), email.strip().casefold().encode(), "sha256")
