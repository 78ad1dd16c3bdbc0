# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

import hmac
import json
import re
from base64 import b64encode, urlsafe_b64decode
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from parking_occupancy import wire
from parking_occupancy.domain.sign import show, withdrawn
from parking_occupancy.domain.signing import Algorithm, SigningKey
from parking_occupancy.signing import (
    Signatures,
    UnusableKeyError,
    base64url,
    canonical,
    load_signatures,
    load_signer,
    text_message,
)
from stadttakt_messages.base import SignId

from .building import at, counted, make_sign

HOW_TO = Path(__file__).parents[3] / "docs/how-to/connect-a-sign.md"
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
"""Of RFC 8032, section 7.1, test 1."""
PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
MASTER = bytes(range(32))
TEXT = b"fbp-einfahrt\n12\n2026-11-23T06:11:19.428425Z\n36"


def keys(folder: Path, **secrets: bytes) -> list[SigningKey]:
    made = []
    for name, secret in secrets.items():
        (folder / name).write_bytes(secret)
        algorithm = Algorithm.HMAC_SHA256 if name.startswith("h") else Algorithm.ED25519
        made.append(SigningKey(name, algorithm, secret_file=str(folder / name)))
    return made


@pytest.fixture
def signatures(tmp_path: Path) -> Signatures:
    loaded, faults = load_signatures(keys(tmp_path, e=b64encode(SEED), h=b64encode(MASTER)))
    assert faults == {}
    return loaded


@pytest.fixture(scope="module")
def verifier() -> dict[str, Any]:
    """What the how-to gives to those who build controllers."""
    block = re.search(r"```python\n(.*?)```", HOW_TO.read_text(encoding="utf-8"), re.DOTALL)
    assert block is not None
    scope: dict[str, Any] = {}
    exec(block[1], scope)
    return scope


def test_worked_examples_of_the_how_to_are_ours(tmp_path: Path, signatures: Signatures) -> None:
    text = HOW_TO.read_text(encoding="utf-8")
    (hmac_key,) = keys(tmp_path, h=b64encode(MASTER))
    own = load_signer(hmac_key).key_of("fbp-einfahrt")  # type: ignore[union-attr]
    for expected in (base64url(PUBLIC), b64encode(SEED).decode(), base64url(own)):
        assert expected in text
    for key_id in ("e", "h"):
        sign = replace(make_sign(), key_id=key_id, sign_id=SignId("fbp-einfahrt"))
        signature = signatures.of(sign, TEXT)
        assert signature is not None
        assert signature.value in text


def test_public_key_is_that_of_the_standard(signatures: Signatures) -> None:
    assert signatures.public_keys() == {"e": PUBLIC}


def test_json_and_text_are_verified_by_the_how_tos_code(
    tmp_path: Path, signatures: Signatures, verifier: dict[str, Any]
) -> None:
    (hmac_key,) = keys(tmp_path, h=b64encode(MASTER))
    for key_id, algorithm in (("e", "ed25519"), ("h", "hmac-sha256")):
        sign = replace(make_sign(), key_id=key_id)
        own = load_signer(hmac_key).key_of(sign.sign_id)  # type: ignore[union-attr]
        key = base64url(PUBLIC if key_id == "e" else own)
        report = show(sign, counted("ffff", at(0)), (), prior=None, now=at(0))
        for shown in (report, withdrawn(report, at(500))):
            answer = json.loads(wire.body(shown, 7, signatures))
            assert (answer["signature"]["key_id"], answer["sequence"]) == (key_id, 7)
            verifier["verify"](algorithm, key, *verifier["of_json"](dict(answer)))
            forged = {**answer, "free": 3}
            with pytest.raises((InvalidSignature, ValueError)):
                verifier["verify"](algorithm, key, *verifier["of_json"](forged))


def test_public_key_is_no_secret_that_a_forger_could_use(
    signatures: Signatures, verifier: dict[str, Any]
) -> None:
    forged = base64url(hmac.digest(PUBLIC, TEXT, "sha256"))
    with pytest.raises((InvalidSignature, ValueError)):
        verifier["verify"]("ed25519", base64url(PUBLIC), forged, TEXT)


def test_key_of_one_sign_forges_no_other(signatures: Signatures) -> None:
    one, other = (replace(make_sign(), key_id="h", sign_id=SignId(name)) for name in ("a", "b"))
    assert signatures.of(one, TEXT) != signatures.of(other, TEXT)


def test_unsigned_sign_has_no_signature(signatures: Signatures) -> None:
    report = show(make_sign(), counted("ffff", at(0)), (), prior=None, now=at(0))
    assert json.loads(wire.body(report, 7, signatures))["signature"] is None


def test_sign_whose_key_is_unusable_is_unsigned_and_counted(signatures: Signatures) -> None:
    sign = replace(make_sign(), key_id="lost")
    report = show(sign, counted("ffff", at(0)), (), prior=None, now=at(0))
    assert json.loads(wire.body(report, 7, signatures))["signature"] is None
    assert signatures.missing([sign, make_sign()]) == 1


def test_pem_and_base64_of_one_key_are_the_same_key(tmp_path: Path) -> None:
    pem = Ed25519PrivateKey.from_private_bytes(SEED).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    loaded, _ = load_signatures(keys(tmp_path, e1=pem, e2=b64encode(SEED)))
    assert set(loaded.public_keys().values()) == {PUBLIC}


@pytest.mark.parametrize(
    ("name", "secret", "fault"),
    [
        ("e", b"not base64!", "neither PEM nor base64"),
        ("e", b64encode(b"short"), "5 bytes instead of 32"),
        ("e", b"-----BEGIN nonsense", "PEM"),
        ("h", b64encode(b"x" * 31), "at least 32"),
        ("h", b"", "0 bytes"),
    ],
)
def test_unusable_secret_is_named_without_telling_it(
    tmp_path: Path, name: str, secret: bytes, fault: str
) -> None:
    _, faults = load_signatures(keys(tmp_path, **{name: secret}))
    assert fault in faults[name] or "load" in faults[name]
    assert not secret or secret.decode() not in faults[name]


def test_variable_of_a_key_may_be_a_secret_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "KEY_OF_2026").write_bytes(b64encode(SEED))
    monkeypatch.setenv("STADTTAKT_SECRET_FILES", str(tmp_path))
    found, _ = load_signatures([SigningKey("k", Algorithm.ED25519, secret_variable="KEY_OF_2026")])
    assert set(found.public_keys().values()) == {PUBLIC}


def test_secret_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOWHERE", raising=False)
    with pytest.raises(UnusableKeyError, match="NOWHERE is not set"):
        load_signer(SigningKey("k", Algorithm.ED25519, secret_variable="NOWHERE"))
    with pytest.raises(UnusableKeyError, match="No such file"):
        load_signer(SigningKey("k", Algorithm.ED25519, secret_file="/nowhere/at/all"))


values = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(exclude_categories=["Cs"]))
)


@given(st.dictionaries(st.text("abc_", min_size=1), values))
def test_canonical_form_is_the_standards(document: dict[str, object]) -> None:
    expected = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert canonical(json.dumps(document).encode()) == expected.encode()
    assert canonical(b'{"b":"\\u20ac\\u000f","a":1}') == '{"a":1,"b":"€\\u000f"}'.encode()


def test_text_of_a_signature_has_one_reading() -> None:
    message = text_message("tor", 12, valid_until="2026-11-23T06:11:19Z", text="36")
    assert message == b"tor\n12\n2026-11-23T06:11:19Z\n36"
    assert urlsafe_b64decode(base64url(message) + "==") == message
