# SPDX-License-Identifier: EUPL-1.2
import json
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from stadttakt_runtime.log import configure, get_logger
from vehicle_occupancy.domain.publication import Departure, Window, boundaries
from vehicle_occupancy.publication_key import publication_key
from vehicle_occupancy.settings import Settings

SECRET = "Bahnhof-Saale-Roter-Turm-Moritzburg-7"


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("STADTTAKT_TRANSIT_PUBLICATION_SECRET", SECRET)
    return Settings()


def test_key_follows_from_the_secret_and_from_nothing_else(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STADTTAKT_TRANSIT_HTTP_PORT", "9000")
    assert publication_key(settings) == publication_key(Settings())
    monkeypatch.setenv("STADTTAKT_TRANSIT_PUBLICATION_SECRET", SECRET + "x")
    assert publication_key(settings) != publication_key(Settings())


def test_without_a_secret_each_start_has_another_key() -> None:
    assert publication_key(Settings()) != publication_key(Settings())


def test_secret_and_key_are_in_no_log_and_no_text(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    configure("vehicle-occupancy", "debug", "json")
    key = publication_key(settings)
    get_logger("test").info("started", settings=settings.public(), whole=repr(settings))
    shown = capsys.readouterr().err + str(settings) + json.dumps(settings.public())
    assert "started" in shown
    assert SECRET not in shown
    assert key.hex() not in shown


@pytest.mark.parametrize("key", [b"", bytes(32)])
def test_without_a_key_no_boundary_is_drawn(key: bytes) -> None:
    departure = Departure("tram-1", "trip-1", "20261126", "a", datetime(2026, 11, 26, tzinfo=UTC))
    with pytest.raises(ValueError, match="a secret key only"):
        boundaries(key, departure, (Window(20, 30), Window(50, 60)))


def test_short_secret_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STADTTAKT_TRANSIT_PUBLICATION_SECRET", "too short to be a secret")
    with pytest.raises(ValidationError):
        Settings()
