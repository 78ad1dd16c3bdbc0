# SPDX-License-Identifier: EUPL-1.2
from __future__ import annotations

from base64 import b64decode
from pathlib import Path

import pytest

from measure_registry.sealing import Contact, KeyFileError, Vault, new_key

PERSON = Contact("Emilie Geheimrat", "emilie@beispiel.example", "0345 4711", "Verein")


def test_what_is_sealed_opens_for_its_idea_only(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(new_key() + "\n")
    vault = Vault.of_file(file)
    key, sealed = vault.seal(PERSON, "idea-0001")
    assert b"Emilie" not in sealed
    assert vault.open(key, sealed, "idea-0001") == PERSON
    with pytest.raises(KeyFileError, match="does not open"):
        vault.open(key, sealed, "idea-0002")


def test_an_old_key_still_opens_and_still_finds_after_a_new_one(tmp_path: Path) -> None:
    old, new = new_key(), new_key()
    before = Vault((b64decode(old),))
    key, sealed = before.seal(PERSON, "idea-0001")
    file = tmp_path / "keys"
    file.write_text(f"{new}\n{old}\n")
    after = Vault.of_file(file)
    assert after.open(key, sealed, "idea-0001") == PERSON
    assert before.address_hash(PERSON.email) in after.address_hashes(" EMILIE@beispiel.example ")
    assert after.seal(PERSON, "idea-0001")[0] != key


@pytest.mark.parametrize("content", ["", "kurz", "AAAA", "kein base64 ö"])
def test_a_file_without_keys_is_refused_by_name(tmp_path: Path, content: str) -> None:
    file = tmp_path / "keys"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(KeyFileError, match=str(file)):
        Vault.of_file(file)


def test_a_contact_shows_nothing_of_itself() -> None:
    assert repr(PERSON) == "Contact(…)"
