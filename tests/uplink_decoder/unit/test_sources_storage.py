# SPDX-License-Identifier: EUPL-1.2
"""The `storage` of a source: where it is and whose key reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from stadttakt_runtime.plugins import CityError
from support.authority import Authority
from uplink_decoder.sources import read_sources
from uplink_decoder.sources.secrets import SecretMissingError
from uplink_decoder.sources.storage import SourceStorage

GIVEN = {"base_url": "https://tts.example.org", "application": "parking", "api_key_variable": "K"}


def test_key_is_read_from_the_variable_each_time(monkeypatch: Any) -> None:
    storage = SourceStorage.model_validate(GIVEN)
    with pytest.raises(SecretMissingError, match="K is not set"):
        storage.key()
    monkeypatch.setenv("K", "secret")
    assert storage.key() == "secret"


def test_key_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    given = {**GIVEN, "api_key_variable": None, "api_key_file": file}
    storage = SourceStorage.model_validate(given)
    with pytest.raises(SecretMissingError, match="No such file"):
        storage.key()
    file.write_text("secret\n", encoding="utf-8")
    assert storage.key() == "secret"


@pytest.mark.parametrize(
    "wrong",
    [
        {"base_url": "http://tts.example.org"},
        {"base_url": "tts.example.org"},
        {"base_url": "https://user:word@tts.example.org"},
        {"base_url": "https://tts.example.org/?tenant=a"},
        {"application": "Parking"},
        {"application": "a/../b"},
        {"api_key_variable": None},
        {"api_key_file": "/run/secrets/key"},
        {"retention_hours": 31 * 24},
        {"page_size": 0},
        {"colour": "red"},
    ],
)
def test_what_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SourceStorage.model_validate({**GIVEN, **wrong})


def test_address_ends_without_a_slash_and_loopback_needs_no_tls() -> None:
    for address in ("http://127.0.0.1:1885/", "http://localhost:1885"):
        given = {**GIVEN, "base_url": address}
        assert SourceStorage.model_validate(given).base_url == address.rstrip("/")


AUTHORITIES = """
sources:
  - source_id: county
    dialect: tts
    storage:
      {base_url: "https://tts.example.org", application: parking, api_key_variable: K, ca_file: ca.pem}
"""


def test_missing_or_unfit_authorities_are_told_by_file_and_key(tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text(AUTHORITIES, encoding="utf-8")
    where = r"sources\.yaml: sources\.0\.storage\.ca_file: .*ca\.pem: "
    with pytest.raises(CityError, match=where + "No such file"):
        read_sources(tmp_path)
    (tmp_path / "ca.pem").write_text("nothing", encoding="utf-8")
    with pytest.raises(CityError, match=where + "NO_CERTIFICATE"):
        read_sources(tmp_path)
    (tmp_path / "ca.pem").write_bytes(Authority("county").certificate)
    (source,) = read_sources(tmp_path)
    assert source.storage
    assert source.storage.ca_file == tmp_path / "ca.pem"
