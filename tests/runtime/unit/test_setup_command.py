# SPDX-License-Identifier: EUPL-1.2
"""`stadttakt setup`, run again: what it does not draw anew, and what it says of logins that are gone."""

import shutil
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from architecture.tracked import ROOT
from stadttakt_runtime.cli import build

DATABASE = "postgresql://stadttakt@timescaledb:5432/stadttakt"


@pytest.fixture
def city(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "deploy/cities/halle", tmp_path / "city")
    return tmp_path / "city"


def setup(city: Path) -> Result:
    into = str(city.parent / "setup")
    arguments = ["setup", str(city), "--into", into, "--database", DATABASE]
    return CliRunner().invoke(build(), arguments)


@pytest.mark.parametrize("name", ["database-password", "grafana-password"])
def test_secret_that_a_server_keeps_is_not_drawn_anew(city: Path, name: str) -> None:
    assert setup(city).exit_code == 0
    file = city.parent / "setup/secrets" / name
    drawn = file.read_text()
    file.unlink()
    refused = setup(city)
    assert refused.exit_code == 1
    assert name in refused.output
    assert not file.exists()
    file.write_text(drawn)
    assert setup(city).exit_code == 0
    assert file.read_text() == drawn


def test_files_of_a_login_that_is_gone_are_named_and_stay(city: Path) -> None:
    assert "no more" not in setup(city).output
    broker = city / "broker.yaml"
    broker.write_text(broker.read_text().replace("havag-vehicles", "havag-trams"))
    told = setup(city).output
    gone = [line.rsplit(" ", 1)[1] for line in told.splitlines() if "no more" in line]
    assert gone == ["mqtt-password.havag-vehicles", "mqtt-url.havag-vehicles"]
    assert (city.parent / "setup/secrets" / gone[0]).exists()


def test_ids_that_are_in_use_are_kept_and_told(city: Path) -> None:
    assert "can be guessed" not in setup(city).output
    secrets = city.parent / "setup/secrets"
    session, url = (secrets / f"mqtt-{kind}.parking-occupancy" for kind in ("session", "url"))
    session.unlink()
    told = setup(city).output
    assert "the client id of parking-occupancy can be guessed" in told
    assert "session" not in url.read_text()
    url.unlink()
    assert "can be guessed" not in setup(city).output
    assert url.read_text().endswith(f"?session={session.read_text()}")
