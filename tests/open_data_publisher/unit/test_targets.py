# SPDX-License-Identifier: EUPL-1.2
from pathlib import Path
from typing import Any

import pytest
import yaml

from open_data_publisher.deliveries.targets import Targets, read_targets
from stadttakt_runtime.plugins import CityError
from support.deliveries import SITES, STATUS, TABLE, mobilithek, parkapi

PULL = {"ca_file": "ca.pem", "common_names": ["platform"], "feeds": [STATUS]}


def written(folder: Path, *targets: dict[str, Any], **more: Any) -> Path:
    file = folder / "targets.yaml"
    file.write_text(yaml.safe_dump({"targets": list(targets), **more}))
    return file


def test_a_city_without_the_file_delivers_to_nobody(tmp_path: Path) -> None:
    assert read_targets(tmp_path / "targets.yaml", None) == Targets()


def test_offers_have_their_paths_and_intervals(tmp_path: Path) -> None:
    found = read_targets(written(tmp_path, mobilithek(1), parkapi(1), pull=PULL), Path("/secrets"))
    table, status = found.targets[0].offers
    assert (table.path, table.is_static) == ("/publication/table", True)
    assert table.at_least_every.total_seconds() == 86_400
    assert (status.at_least_every.total_seconds(), status.at_most_every.total_seconds()) == (600, 1)
    assert found.targets[1].offers[0].path == "/api/admin/v1/parking-sites/upsert-list"
    assert found.targets[0].file(Path("a.p12")) == Path("/secrets/a.p12")
    assert found.targets[0].file(Path("/run/a.p12")) == Path("/run/a.p12")


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (mobilithek(1, url="http://mobilithek.info/x"), "https is needed"),
        (
            mobilithek(1, url="https://mobilithek.info/x", simulated=True),
            "nothing simulated leaves",
        ),
        (mobilithek(1, certificate=None), "asks for one"),
        (mobilithek(1, certificate={"cert_file": "a.pem"}), "give p12_file, or"),
        (mobilithek(1, password="secret"), "password"),
        (mobilithek(1, offers=[]), "offers"),
        (mobilithek(1, offers=[{"feed": "gone", "publication_id": "1"}]), "no feed 'gone'"),
        (mobilithek(1, offers=[{"feed": TABLE}]), "has a publication_id"),
        (mobilithek(1, offers=[{"feed": TABLE, "publication_id": "1"}] * 2), "offered twice"),
        (mobilithek(1, offers=[{"feed": TABLE, "publication_id": "../x"}]), "publication_id"),
        (parkapi(1, username=None), "asks for both"),
        (parkapi(1, offers=[{"feed": TABLE}]), "takes its own feeds"),
        (parkapi(1, offers=[{"feed": SITES, "publication_id": "1"}]), "takes its own feeds"),
        (parkapi(1, target_id="Mobi Data"), "target_id"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(
    tmp_path: Path, target: dict[str, Any], said: str
) -> None:
    with pytest.raises(CityError, match=r"targets\.yaml:\d+: ") as refused:
        read_targets(written(tmp_path, target), None)
    assert said in str(refused.value)


def test_two_targets_of_one_name_and_wrong_rules_of_fetching_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CityError, match="given twice"):
        read_targets(written(tmp_path, mobilithek(1), mobilithek(2)), None)
    for wrong in ({"feeds": ["gone"]}, {"proxies": ["here"]}, {"common_names": []}):
        with pytest.raises(CityError):
            read_targets(written(tmp_path, pull={**PULL, **wrong}), None)
