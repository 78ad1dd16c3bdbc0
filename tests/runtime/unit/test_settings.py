# SPDX-License-Identifier: EUPL-1.2
"""Settings from the environment: the service's own variable first, then the shared one."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError
from pydantic_settings import SettingsConfigDict

from stadttakt_runtime.secret_files import named_secret
from stadttakt_runtime.settings import ServiceSettings


class ParkSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="STADTTAKT_PARK_", frozen=True, extra="ignore")

    http_port: int = 8199
    bays: int = 44


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ParkSettings.model_fields:
        monkeypatch.delenv(f"STADTTAKT_{name.upper()}", raising=False)
        monkeypatch.delenv(f"STADTTAKT_PARK_{name.upper()}", raising=False)


def test_defaults_hold_without_an_environment() -> None:
    settings = ParkSettings()
    assert (settings.http_port, settings.topic_root, settings.city) == (8199, "takt/v1", None)


def test_shared_variable_is_the_fallback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STADTTAKT_TOPIC_ROOT", "shared/v1")
    monkeypatch.setenv("STADTTAKT_HTTP_PORT", "9000")
    assert ParkSettings().topic_root == "shared/v1"
    assert ParkSettings().http_port == 9000


def test_own_variable_wins_over_the_shared_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STADTTAKT_TOPIC_ROOT", "shared/v1")
    monkeypatch.setenv("STADTTAKT_PARK_TOPIC_ROOT", "own/v1")
    assert ParkSettings().topic_root == "own/v1"
    assert ServiceSettings().topic_root == "shared/v1"


def test_argument_wins_over_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STADTTAKT_PARK_TOPIC_ROOT", "own/v1")
    assert ParkSettings(topic_root="given").topic_root == "given"


def test_variable_of_another_service_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STADTTAKT_PARKING_BAYS", "1")
    assert ParkSettings().bays == 44


def test_secrets_are_masked_wherever_settings_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STADTTAKT_PARK_DATABASE_URL", "postgresql://u:hunter2@db/stadttakt")
    monkeypatch.setenv("STADTTAKT_MQTT_URL", "mqtt://u:hunter2@broker")
    settings = ParkSettings()
    assert settings.database_url == SecretStr("postgresql://u:hunter2@db/stadttakt")
    for shown in (str(settings.public()), repr(settings), str(settings)):
        assert "hunter2" not in shown
    assert settings.public()["mqtt_url"] == "**********"
    assert settings.public()["bays"] == 44


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("http_port", "65536"),
        ("http_port", "-1"),
        ("http_port", "http"),
        ("instance", "a/b"),
        ("instance", ""),
        ("max_body_bytes", "1023"),
        ("database_pool_size", "1"),
        ("log_level", "loud"),
        ("log_format", "xml"),
    ],
)
def test_wrong_value_is_refused_by_name(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"STADTTAKT_{name.upper()}", value)
    with pytest.raises(ValidationError) as raised:
        ServiceSettings()
    assert [error["loc"] for error in raised.value.errors()] == [(name,)]


@pytest.mark.parametrize(
    "given",
    [
        {"oidc_issuer": "https://issuer"},
        {"oidc_issuer": "https://issuer", "oidc_audience": "stadttakt"},
        {"oidc_jwks_url": "https://issuer/jwks"},
        {"oidc_client_id": "stadttakt"},
        {"oidc_client_secret": "s3cret"},
    ],
)
def test_half_an_oidc_provider_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=r"belong|needs"):
        ServiceSettings(**given)


def test_roles_of_the_provider_stand_for_scopes_that_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STADTTAKT_OIDC_ROLES", '{"Stadtplanung": ["registry:rate", "kpi:write"]}')
    assert ServiceSettings().oidc_roles == {"Stadtplanung": {"registry:rate", "kpi:write"}}
    monkeypatch.setenv("STADTTAKT_OIDC_ROLES", '{"Stadtplanung": ["registry:everything"]}')
    with pytest.raises(ValidationError, match="oidc_roles"):
        ServiceSettings()


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        ParkSettings().bays = 1  # type: ignore[misc]


def test_secret_files_stand_for_variables_and_yield_to_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "STADTTAKT_MQTT_URL").write_text("mqtt://shared:1\n")
    (tmp_path / "STADTTAKT_PARK_MQTT_URL").write_text("mqtt://own:1\n")
    (tmp_path / "STADTTAKT_TOPIC_ROOT").write_text("file/v1")
    (tmp_path / "others-secret").write_text("no variable")
    monkeypatch.setenv("STADTTAKT_SECRET_FILES", str(tmp_path))
    assert ParkSettings().mqtt_url.get_secret_value() == "mqtt://own:1"
    assert ParkSettings().topic_root == "file/v1"
    monkeypatch.setenv("STADTTAKT_TOPIC_ROOT", "variable/v1")
    assert ParkSettings().topic_root == "variable/v1"


def test_the_first_of_several_folders_of_secrets_counts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
        (folder / "STADTTAKT_MQTT_URL").write_text(f"mqtt://{folder.name}:1")
    (second / "STADTTAKT_TOPIC_ROOT").write_text("second/v1")
    monkeypatch.setenv("STADTTAKT_SECRET_FILES", f"{first}:{second}")
    assert ParkSettings().mqtt_url.get_secret_value() == "mqtt://first:1"
    assert ParkSettings().topic_root == "second/v1"


def test_what_the_city_folder_names_is_a_variable_or_a_file_of_any_folder(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own/COUNTY_KEY").write_text("of the file\n")
    (tmp_path / "own/EMPTY").write_text("\n")
    files = {"STADTTAKT_SECRET_FILES": f"{tmp_path}:{tmp_path / 'own'}"}
    assert named_secret("COUNTY_KEY", files) == "of the file"
    assert named_secret("COUNTY_KEY", {**files, "COUNTY_KEY": "variable"}) == "variable"
    assert named_secret("EMPTY", files) is None
    assert named_secret("COUNTY_KEY", {}) is None


def test_folder_of_secrets_that_is_not_there_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STADTTAKT_SECRET_FILES", str(tmp_path / "absent"))
    with pytest.raises(FileNotFoundError):
        ParkSettings()
